//! The texts, as a whole.

use crate::sample::{bare, end, frame, ghost, nothing, symbol};
use epshim_check::{Certainty, Role, Rule};
use epshim_report::{Medium, Stack, json, text};
use std::env;
use std::fs;
use std::path::Path;

/// A file, or a pipe.
const PLAIN: Medium = Medium { colour: false, columns: None };
const COLOURED: Medium = Medium { colour: true, columns: None };

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
    check("ghost.txt", &text::finding(&ghost(), PLAIN));
    check("ghost.json", &json::finding(&ghost()));
}

#[test]
fn a_finding_with_nothing() {
    let report = bare(Rule::SubMsSpin, Certainty::Note, 5, -1);
    check("bare.txt", &text::finding(&report, PLAIN));
}

#[test]
fn the_end() {
    check("end.txt", &end().text(PLAIN));
    check("end.json", &json::summary(&end()));
}

#[test]
fn the_end_when_nothing_was_found() {
    check("nothing.txt", &nothing().text(PLAIN));
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
        let text = text::finding(&bare(Rule::CtlError, certainty, -1, 3), PLAIN);
        assert_eq!(text.lines().nth(1), Some(format!("==4711== {severity}").as_str()));
    }
}

#[test]
fn colour_comes_when_asked_for_and_ends_on_its_line() {
    let plain = text::finding(&ghost(), PLAIN) + &end().text(PLAIN);
    assert!(!plain.contains('\x1b'));
    let coloured = text::finding(&ghost(), COLOURED) + &end().text(COLOURED);
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
    let text = text::finding(&report, PLAIN);
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
    let text = text::finding(&report, PLAIN);
    let what: Vec<&str> = text.lines().skip(2).take_while(|line| !line.contains("see:")).collect();
    assert!(what.iter().all(|line| line.contains(&long) || line.len() <= 100), "{text}");
    let words = what.iter().flat_map(|line| line["==4711== ".len()..].split_whitespace());
    assert!(words.eq(report.finding.what.split_whitespace()), "{text}");
}

fn on_a_terminal_of(columns: u16) -> String {
    let medium = Medium { colour: false, columns: Some(columns) };
    text::finding(&ghost(), medium) + &end().text(medium)
}

#[test]
fn on_a_terminal_all_lines_are_wrapped_at_its_width() {
    let words = |text: &str| -> Vec<String> {
        let lines = text.lines().map(|line| line.strip_prefix("==4711== ").unwrap().to_owned());
        lines
            .flat_map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
            .collect()
    };
    let plain = text::finding(&ghost(), PLAIN) + &end().text(PLAIN);
    for columns in [76, 80, 132, 250] {
        let text = on_a_terminal_of(columns);
        assert!(text.lines().all(|line| line.len() <= columns.into()), "{columns}: {text}");
        assert_eq!(words(&text), words(&plain), "{columns}: {text}");
    }
    assert!(on_a_terminal_of(250).lines().any(|line| line.len() > 110));
    // What is broken goes on further to the right.
    let broken = on_a_terminal_of(60);
    assert!(
        broken.contains(
            "\n==4711==     #0 poll_once src/loop.c:120\n==4711==       (/usr/bin/server+"
        ),
        "{broken}"
    );
    // A terminal of no size is one that does not say it.
    assert_eq!(on_a_terminal_of(1), on_a_terminal_of(40));
}

/// What a report in a file or a pipe is does not depend on any terminal.
#[test]
fn elsewhere_a_line_that_is_no_sentence_is_never_broken() {
    let mut report = ghost();
    let long = format!("/{}", "folder/".repeat(30));
    report.stacks[0].frames[0].module = long.clone();
    let text = text::finding(&report, PLAIN);
    assert!(text.contains(&format!("#0 poll_once src/loop.c:120 ({long}+0x41d2)\n")), "{text}");
}
