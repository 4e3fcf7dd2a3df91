//! More than can be followed: whose suspicions make room, and what is counted.

use super::found;
use epshim_check::replay::Replay;
use epshim_check::{Certainty, Rule};
use std::fmt::Write;

fn model(trace: &str) -> Replay {
    let mut replay = Replay::default();
    replay.read(trace).unwrap_or_else(|error| panic!("{error}"));
    replay
}

/// A one-shot hand-off: each connection is delivered, left to another thread, and closed, `times` so
/// often, a thousand a second.
fn hand_off(times: u32) -> String {
    let mut trace = "0ms t1 create 3\n".to_owned();
    for n in 0..times {
        let fd = 5 + n % 8;
        let _ = write!(
            trace,
            "{}ms t1 add 3 {fd} IN|ONESHOT @11\n t1 wait 3\n t1 got {fd}:IN\n t1 wait 3\n t1 got nothing\n t2 read {fd} 8/64\n t2 close {fd}\n",
            1 + n
        );
    }
    trace
}

#[test]
fn connections_that_are_gone_make_room() {
    let replay = model(&hand_off(6000));
    assert_eq!(replay.checker().dropped_suspicions().count(), 0);
}

#[test]
fn a_rule_that_suspects_much_takes_no_room_from_another() {
    // Thousands of one-shots that are left, all of them open, and then an edge.
    let mut trace = "0ms t1 create 3\n".to_owned();
    for fd in 10..3000 {
        let _ = writeln!(trace, "0ms t1 add 3 {fd} IN|ONESHOT\n t1 wait 3\n t1 got {fd}:IN");
    }
    trace += "t1 add 3 5 IN|ET @11\n t1 wait 3\n t1 got 5:IN\n t1 read 5 8/8\n t1 wait 3\n";
    trace += "1ms t2 add 3 5 IN|OUT EEXIST\n 4s end";
    let replay = model(&trace);
    let dropped: Vec<_> = replay.checker().dropped_suspicions().map(|(rule, _)| rule).collect();
    assert_eq!(dropped, [Rule::OneshotNotRearmed]);
    let mut found = found(&trace);
    found.sort();
    assert_eq!(found, ["ctl-error fact 5", "edge-not-drained suspected 5"]);
}

#[test]
fn equal_failures_are_one_and_all_of_them_are_counted() {
    // 3,000 threads that each wait once, fail once and end without a word.
    let mut trace = "0ms t1 create 3\n".to_owned();
    for tid in 2..3002 {
        let _ = writeln!(
            trace,
            "{tid}us t{tid} wait 3 timeout=0\n t{tid} got nothing\n t{tid} mod 3 12345 IN EBADF @7"
        );
    }
    trace += "2s end";
    assert_eq!(found(&trace), ["ctl-error fact 12345"]);
    let replay = model(&trace);
    assert_eq!(replay.checker().dropped_suspicions().count(), 0);
    assert_eq!(replay.checker().tally().of(Rule::CtlError), Some((Certainty::Fact, 1, 3000)));
    // Also where only the thread's next call could tell.
    let trace = trace.replace("mod 3 12345 IN EBADF @7", "add 3 5 OUT EEXIST @7");
    let replay = model(&trace);
    assert_eq!(replay.checker().tally().of(Rule::CtlError), Some((Certainty::Fact, 1, 3000)));
}
