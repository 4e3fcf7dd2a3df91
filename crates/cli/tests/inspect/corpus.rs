//! The misuse programs that stay stuck, and their right twins: c_tests/misuse, which is there for `epshim check`.
//!
//! Each runs for some seconds. A look at it takes one; it is begun when the program sleeps or spins in its misuse,
//! which it does most of the time.

use crate::answer::look;
use epshim_harness::misuse::{Variant, programs};
use epshim_harness::process::Process;
use std::process::Command;

/// Those whose state stays long enough for two looks, and the rule that names them then.
const NAMED: [(&str, &str); 15] = [
    ("accept-spin/no_backoff", "accept-spin"),
    ("accept-spin/retries_at_once", "accept-spin"),
    ("blocking-fd/send", "blocking-fd"),
    ("edge-not-drained/bounded_loop", "edge-not-drained"),
    ("edge-not-drained/one_accept", "edge-not-drained"),
    ("edge-not-drained/one_datagram", "edge-not-drained"),
    ("edge-not-drained/single_read", "edge-not-drained"),
    ("level-spin/eof_ignored", "level-spin"),
    ("level-spin/eventfd_unread", "level-spin"),
    ("level-spin/no_interest", "level-spin"),
    ("level-spin/out_left_on", "level-spin"),
    ("level-spin/timerfd_short_read", "level-spin"),
    ("oneshot-not-rearmed/both_directions", "oneshot-not-rearmed"),
    ("oneshot-not-rearmed/early_return", "oneshot-not-rearmed"),
    ("oneshot-not-rearmed/never_rearmed", "oneshot-not-rearmed"),
];

/// What looks at a program say until it ends.
fn seen(program: &Variant) -> Vec<String> {
    let built = program.build("-inspect", &["-O2"]);
    let mut process = Process::start(&program.name, &mut Command::new(built));
    let mut seen = Vec::new();
    while !process.has_ended() {
        let Some(found) = look(process.id(), &["--interval", "0.4"]) else { break };
        seen.extend(found.certain_or_suspected().into_iter().map(str::to_owned));
    }
    seen
}

#[test]
fn misuses_that_stay_are_named() {
    let all = programs();
    for (name, rule) in NAMED {
        let program = all.iter().find(|program| program.name == name).expect("it is in the corpus");
        // A busy machine may end it before the second look.
        let is_named = (0..3).any(|_| seen(program).iter().any(|found| found == rule));
        assert!(is_named, "{name} is not named");
    }
}

#[test]
fn right_twins_are_not_named() {
    for program in programs().iter().filter(|program| program.is_right()) {
        let seen = seen(program);
        assert!(seen.is_empty(), "{}: {seen:?}", program.name);
    }
}
