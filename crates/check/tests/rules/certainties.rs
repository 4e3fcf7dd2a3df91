//! How sure a rule says that it can be is how sure it is: no more, and no less.

use super::{
    accepting, closing, connecting, datagrams, edges, ends, errors, found, herds, inherited, leaks,
};
use super::{one_shots, sharing, signals, spins, stales, stalls, structures, timeouts, writing};
use epshim_check::Rule;
use std::collections::BTreeSet;

/// A trace for each certainty of each rule.
fn traces() -> Vec<String> {
    let waited = "t1 create 3\n t1 add 3 5 IN\n t1 wait 3\n t1 got 5:IN\n";
    let armed_late = "3s t1 got nothing\n t1 mod 3 5 IN|ONESHOT\n t1 wait 3\n 4s t1 got 5:IN
                      t1 read 5 8/8\n t1 wait 3";
    let kept = |then| closing::closed(&format!("hold 5\n t1 close 5\n {then}"), "");
    vec![
        edges::after_an_edge("", "1ms t1 read 5 8/8"),
        edges::after_an_edge("", ""),
        kept(""),
        kept("kernel fdinfo 3: unreadable"),
        spins::spin("", "", 300, 5),
        spins::spin("close 5\n open 5 unknown\n t1 add 3 5 IN", "", 300, 5),
        accepting::rounds(12, 2, "t1 accept 5 EMFILE"),
        one_shots::after_a_shot(""),
        one_shots::after_a_shot(armed_late),
        writing::written("3/8", ""),
        format!("{waited} t1 blocked 5 read 20ms"),
        errors::calls("t1 add 3 9 IN EBADF"),
        errors::calls("open 6 pipe\n t1 del 3 6 ENOENT"),
        "t1 create 3\n t1 add 3 5 IN\n t1 shared 3 77".to_owned(),
        structures::adds(5..30, |fd| format!("data={}", fd << 32)),
        closing::hung_up("IN|RDHUP", ""),
        "t1 create 3\n t1 close 3\n t1 wait 3\n t1 got EBADF".to_owned(),
        spins::rounded(20, 40, 900, "nothing"),
        timeouts::below_none("timeout=50ms @9", ""),
        timeouts::empty_waits("", ["1s", "6s"], "t1 got nothing"),
        timeouts::empty_waits(
            "t1 wait 3 timeout=5ms @9\n 5ms t1 got nothing",
            ["1s", "6s"],
            "t1 got nothing",
        ),
        leaks::epolls(64, "t1 got 5:IN"),
        leaks::epolls(256, "t1 got 5:IN"),
        datagrams::closed("datagram", "t1 read 5 0/8"),
        signals::signalfd("queue", "kernel deaf 5 77:0x200"),
        signals::unguarded("HUP"),
        signals::unguarded("ERR|HUP"),
        signals::unguarded("0"),
        stalls::STALL.to_owned(),
        stalls::OWN_PIPE.to_owned(),
        stalls::in_vain(2500, ""),
        sharing::given_to_two("IN", "t1 read 5 8/8\n t2 read 5 3/8"),
        stales::batch("t1 close 6\n t1 read 6 EBADF"),
        stales::batch("t1 close 6\n t1 accept 5 6\n t1 add 3 6 IN\n t1 read 6 EAGAIN"),
        inherited::closed("kernel holder 700 77:5"),
        ends::ended(1, "nothing", ""),
        ends::ended(5, "nothing", ""),
        herds::wakes(90, "IN", "EAGAIN"),
        connecting::in_progress("IN", ""),
        connecting::written("EAGAIN", "ENOTCONN"),
        connecting::written("EINPROGRESS", "ECONNREFUSED"),
    ]
}

#[test]
fn each_rule_emits_the_certainties_of_its_record_and_no_other() {
    let of_record = |rule: Rule| rule.certainties().iter().map(move |one| format!("{rule} {one}"));
    let listed: BTreeSet<String> = Rule::ALL.into_iter().flat_map(of_record).collect();
    let all = traces().into_iter().flat_map(|trace| found(&trace));
    let emitted: BTreeSet<String> =
        all.filter_map(|line| Some(line.rsplit_once(' ')?.0.to_owned())).collect();
    assert_eq!(emitted, listed);
}

#[test]
fn the_surest_is_first() {
    for rule in Rule::ALL {
        assert!(rule.certainties().is_sorted_by(|a, b| a > b), "{rule}");
        assert!(!rule.certainties().is_empty(), "{rule}");
    }
}
