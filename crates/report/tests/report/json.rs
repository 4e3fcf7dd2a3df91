//! The JSON lines, read back.

use crate::sample::{bare, end, ghost, nothing};
use epshim_check::{Certainty, Rule};
use epshim_report::json;
use epshim_report::read::{Line, lines};
use proptest::prelude::*;
use serde_json::{Value, json};

fn parsed(line: &str) -> Value {
    assert!(line.ends_with('\n') && line.matches('\n').count() == 1, "{line:?}");
    serde_json::from_str(line).unwrap()
}

#[test]
fn a_finding_says_all_that_the_text_says() {
    let value = parsed(&json::finding(&ghost()));
    for (field, expected) in [
        ("schema", json!(1)),
        ("kind", json!("finding")),
        ("pid", json!(4711)),
        ("tid", json!(4713)),
        ("time", json!(1_700_000_000.25)),
        ("rule", json!("ghost")),
        ("certainty", json!("certain")),
        ("epfd", json!(5)),
        ("fd", json!(9)),
        ("verified", json!("/proc/self/fdinfo/5 lists fd 9, inode 63431")),
        ("manual", json!("epoll(7), Q6")),
        ("suppression", json!("ghost:poll_once")),
    ] {
        assert_eq!(value[field], expected, "{field}");
    }
    let frames = &value["sites"][0]["frames"];
    let inlined = json!({"module": "/usr/bin/server", "offset": 0x41d2, "function": "poll_once",
        "file": "src/loop.c", "line": 120, "source": "int n = epoll_wait(epfd, events, 64, -1);",
        "inlined": true});
    let outer = json!({"module": "/usr/bin/server", "offset": 0x41d2, "function": "run",
        "file": "src/loop.c", "line": 88, "source": "poll_once(loop);"});
    assert_eq!((&frames[0], &frames[1]), (&inlined, &outer));
    assert_eq!(frames[2]["line"], Value::Null);
    let no_names = json!({"module": "/usr/lib/libpool.so.1", "offset": 0x1a20});
    assert_eq!(value["sites"][2], json!({"role": "closed by", "frames": [no_names]}));
    let nowhere = json!({"module": null, "offset": 0x7f00_1234_0010_u64});
    assert_eq!(value["sites"][3], json!({"role": "duplicated by", "frames": [nowhere]}));
}

#[test]
fn what_a_finding_does_not_have_is_null_or_empty() {
    let value = parsed(&json::finding(&bare(Rule::SubMsSpin, Certainty::Note, 5, -1)));
    assert_eq!((&value["fd"], &value["verified"]), (&Value::Null, &Value::Null));
    assert_eq!(value["sites"], json!([]));
}

#[test]
fn the_summary_counts_and_says_what_was_not_seen() {
    let value = parsed(&json::summary(&end()));
    assert_eq!((&value["schema"], &value["kind"]), (&json!(1), &json!("summary")));
    assert_eq!((&value["findings"], &value["occurrences"]), (&json!(3), &json!(19)));
    let ghosts = json!({"rule": "ghost", "certainty": "certain", "findings": 1, "occurrences": 17});
    assert_eq!(value["rules"][0], ghosts);
    assert_eq!(value["suppressed"][0]["suppression"], "level-spin:uv__*");
    assert_eq!(value["notes_not_shown"], 4);
    assert_eq!((&value["seen"]["rings"], &value["seen"]["dropped_calls"]), (&json!(1), &json!(3)));
    assert_eq!(value["seen"]["checker_failed"], true);

    let value = parsed(&json::summary(&nothing()));
    assert_eq!((&value["findings"], &value["rules"]), (&json!(0), &json!([])));
    assert_eq!(value["not_seen"], json!([]));
}

proptest! {
    #[test]
    fn any_text_arrives_as_it_is(what in any::<String>(), verified in any::<Option<String>>()) {
        let mut report = ghost();
        report.finding.what.clone_from(&what);
        report.finding.verified.clone_from(&verified);
        let value = parsed(&json::finding(&report));
        prop_assert_eq!(&value["what"], &json!(what));
        prop_assert_eq!(&value["verified"], &json!(verified));
    }
}

#[test]
fn the_lines_are_read_back_as_they_were_and_all_else_is_passed_over() {
    let (finding, summary) = (json::finding(&ghost()), json::summary(&end()));
    let newer = finding.replace("\"schema\":1", "\"schema\":2");
    let text = format!("{finding}nonsense\n{newer}{{}}\n{summary}{}", &finding[..40]);
    let lines: Vec<Line> = lines(&text).collect();
    let [Line::Finding(finding), Line::Summary(summary)] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!((finding.pid, &*finding.rule, finding.fd), (4711, "ghost", Some(9)));
    let blame = finding.blame.as_ref().unwrap();
    assert_eq!((blame.file.as_deref(), blame.line), (Some("src/loop.c"), Some(120)));
    assert_eq!((finding.sites.len(), finding.sites[0].frames.len()), (4, 3));
    assert_eq!((summary.pid, summary.findings), (4711, 3));
}

proptest! {
    /// Other processes write to the file too.
    #[test]
    fn no_text_is_too_strange_to_be_read(text in any::<String>(), cut in 0..2000_usize) {
        prop_assert_eq!(lines(&text).count(), 0);
        let line = json::finding(&ghost());
        let part = line.get(..cut.min(line.len())).unwrap_or("");
        let both = format!("{part}\n{text}");
        prop_assert!(lines(&both).count() <= 1);
    }
}
