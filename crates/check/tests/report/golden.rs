//! The texts, as a whole.

use crate::sample::{bare, end, frame, ghost, nothing, symbol};
use epshim_check::report::{Stack, json, text};
use epshim_check::{Certainty, Role, Rule};
use std::env;
use std::fs;
use std::path::Path;

#[track_caller]
fn check(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if env::var_os("EPSHIM_BLESS").is_some() {
        fs::write(&path, text).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    assert!(text == golden, "{name}: is now\n{text}\nand was\n{golden}");
}

#[test]
fn a_finding_with_everything() {
    check("ghost.txt", &text::finding(&ghost(), false));
    check("ghost.json", &json::finding(&ghost()));
}

#[test]
fn a_finding_with_nothing() {
    let report = bare(Rule::SubMsSpin, Certainty::Note, 5, -1);
    check("bare.txt", &text::finding(&report, false));
}

#[test]
fn the_end() {
    check("end.txt", &end().text(false));
    check("end.json", &json::summary(&end()));
}

#[test]
fn the_end_when_nothing_was_found() {
    check("nothing.txt", &nothing().text(false));
    check("nothing.json", &json::summary(&nothing()));
}

#[test]
fn the_severity_follows_from_the_certainty() {
    for (certainty, severity) in [
        (Certainty::Certain, "ERROR: epshim: ctl-error (fd 3) [certain]"),
        (Certainty::Fact, "WARNING: epshim: ctl-error (fd 3) [fact]"),
        (Certainty::Suspected, "WARNING: epshim: ctl-error (fd 3) [suspected]"),
        (Certainty::Note, "NOTE: epshim: ctl-error (fd 3) [note]"),
    ] {
        let text = text::finding(&bare(Rule::CtlError, certainty, -1, 3), false);
        assert_eq!(text.lines().nth(1), Some(format!("==4711== {severity}").as_str()));
    }
}

#[test]
fn colour_comes_when_asked_for_and_ends_on_its_line() {
    let plain = text::finding(&ghost(), false) + &end().text(false);
    assert!(!plain.contains('\x1b'));
    let coloured = text::finding(&ghost(), true) + &end().text(true);
    assert!(coloured.contains("==4711== \x1b[1;31mERROR: epshim: ghost"));
    for line in coloured.lines().filter(|line| line.contains('\x1b')) {
        assert!(line.ends_with("\x1b[0m"), "{line:?}");
    }
    let bare = ["\x1b[1m", "\x1b[1;31m", "\x1b[1;33m", "\x1b[0m"]
        .iter()
        .fold(coloured, |text, code| text.replace(code, ""));
    assert_eq!(bare, plain);
}

#[test]
fn every_line_has_the_prefix_and_no_control_character() {
    let mut report = bare(Rule::Ghost, Certainty::Certain, 5, 9);
    let evil = "a\nb\x1b[2Jc\u{9b}d";
    report.finding.what = evil.into();
    let symbols = vec![symbol(evil, Some(evil), Some(1))];
    report.stacks = vec![Stack { role: Role::Now, frames: vec![frame(evil, 1, symbols)] }];
    let text = text::finding(&report, false);
    for line in text.lines() {
        assert!(line.starts_with("==4711== ") && !line.contains(char::is_control), "{line:?}");
    }
    assert!(text.contains("#0 a\\nb\\u{1b}[2Jc\\u{9b}d a\\nb"));
}

#[test]
fn sentences_are_wrapped_and_lose_nothing() {
    let mut report = bare(Rule::Ghost, Certainty::Certain, 5, 9);
    let long = "x".repeat(150);
    report.finding.what = format!("{} {long} {}", "word ".repeat(60), "end ".repeat(30));
    let text = text::finding(&report, false);
    let what: Vec<&str> = text.lines().skip(2).take_while(|line| !line.contains("see:")).collect();
    assert!(what.iter().all(|line| line.contains(&long) || line.len() <= 100), "{text}");
    let words = what.iter().flat_map(|line| line["==4711== ".len()..].split_whitespace());
    assert!(words.eq(report.finding.what.split_whitespace()), "{text}");
}
