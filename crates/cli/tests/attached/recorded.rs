//! `--record` from outside: a replay says what was said while the program ran, of the same lines.

use crate::command::{answer, json};
use crate::engine::{Outcome, can_attach, run};
use epshim_harness::misuse::programs;
use epshim_harness::products::folder;
use serde_json::Value;
use std::collections::BTreeSet;

/// Rule, certainty, descriptors, and the function and line of each call site.
fn said<'a>(lines: impl Iterator<Item = &'a Value>) -> BTreeSet<String> {
    let one = |line: &Value| {
        let sites = line["sites"].as_array().unwrap().iter();
        let sites = sites.map(|site| {
            let frame = &site["frames"][0];
            format!("{} {} {}", site["role"], frame["function"], frame["line"])
        });
        let sites = sites.collect::<Vec<_>>().join(", ");
        format!("{} {} {} {}: {sites}", line["rule"], line["certainty"], line["epfd"], line["fd"])
    };
    lines.map(one).collect()
}

const TRIES: u32 = 8;

#[test]
fn a_replay_says_what_was_said() {
    if !can_attach() {
        return;
    }
    let names = [
        "ctl-error/already_added",
        "edge-not-drained/single_read",
        "fork-shared/prefork",
        "ghost/dup_keeper",
        "lost-write/short_write",
        "oneshot-not-rearmed/never_rearmed",
    ];
    let folder = folder("attached-recorded");
    for name in names {
        let program = programs().into_iter().find(|it| it.name == name && !it.is_right()).unwrap();
        let place = folder.join(name.replace('/', "-"));
        let path = place.to_str().unwrap();
        let built = program.build("-recorded", &[]);
        // On a machine that is busy a run may be missed, or have losses.
        let run = || run(&built, &["--children", "--record", path]);
        let is_found = |outcome: &Outcome| outcome.findings().count() > 0;
        let outcome = (0..TRIES).map(|_| run()).find(is_found);
        let outcome = outcome.unwrap_or_else(|| panic!("{name}: nothing is found"));
        let live = said(outcome.findings());
        let replayed = answer(&["replay", "--json", path]);
        let lines: Vec<Value> = replayed.out.lines().map(json).collect();
        assert_eq!(said(lines.iter()), live, "{name}: {}{}", replayed.err, outcome.err);
    }
}

/// A twin has nothing, live and replayed.
#[test]
fn a_replay_of_what_is_right_says_nothing() {
    if !can_attach() {
        return;
    }
    let place = folder("attached-recorded-right").join("trace");
    let path = place.to_str().unwrap();
    for name in ["edge-not-drained/single_read-right", "lost-write/poll_too_few-right"] {
        let program = programs().into_iter().find(|it| it.name == name).unwrap();
        let outcome = run(&program.build("-recorded-right", &[]), &["--record", path]);
        assert_eq!(outcome.findings().count(), 0, "{}", outcome.err);
        let replayed = answer(&["replay", path]);
        assert_eq!(replayed.code, 0, "{}{}", replayed.out, replayed.err);
    }
}
