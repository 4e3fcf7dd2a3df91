//! The JSON lines, read back.

use crate::sample::{bare, end, ghost, nothing};
use epshim_check::report::json;
use epshim_check::{Certainty, Rule};
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
        "file": "src/loop.c", "line": 120, "inlined": true});
    let outer = json!({"module": "/usr/bin/server", "offset": 0x41d2, "function": "run",
        "file": "src/loop.c", "line": 88});
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
