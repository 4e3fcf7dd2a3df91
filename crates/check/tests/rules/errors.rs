//! `ctl-error`.

use super::{NOTHING, found};
use epshim_check::replay::replay;

fn calls(lines: &str) -> String {
    format!("0ms t1 create 3\n 0ms t1 add 3 5 IN @11\n {lines}\n 9s end")
}

#[test]
fn a_failure_is_explained_from_the_descriptors_history() {
    let explained = [
        ("t1 add 3 5 IN|OUT EEXIST", "registered already, for EPOLLIN"),
        ("t1 mod 3 6 IN ENOENT", "was never registered here"),
        ("t1 del 3 5\n t1 mod 3 5 IN ENOENT", "was never registered here"),
        ("t1 close 5\n t1 mod 3 5 IN EBADF", "registered here and closed since"),
        ("t1 close 5\n open 5 pipe\n t1 mod 3 5 IN ENOENT", "the number is another file now"),
        ("t1 add 3 9 IN EBADF", "is not open"),
        ("t1 add 3 3 IN EINVAL", "cannot watch itself"),
        ("t1 add 3 6 IN|EXCLUSIVE\n t1 mod 3 6 IN EINVAL", "can only be deleted"),
        ("t1 add 3 6 IN|EXCLUSIVE|ONESHOT EINVAL", "EPOLLEXCLUSIVE goes with"),
        ("t1 create 4\n t1 add 3 4 IN ELOOP", "would make a loop"),
    ];
    for (lines, expected) in explained {
        let findings = replay(&calls(lines)).expect("a trace");
        assert_eq!(findings.len(), 1, "{lines}: {findings:?}");
        assert!(findings[0].what.contains(expected), "{lines}: {}", findings[0].what);
        assert_eq!(findings[0].certainty.name(), "fact", "{lines}");
    }
}

#[test]
fn deleting_what_was_never_registered_is_a_note() {
    assert_eq!(found(&calls("open 6 pipe\n t1 del 3 6 ENOENT")), ["ctl-error note 6"]);
    for lines in [
        "t1 close 5\n t1 del 3 5 EBADF",
        "t1 close 5\n open 5 pipe\n t1 del 3 5 ENOENT",
        "t1 add 3 6 IN EPERM",
        "t1 add 3 5 IN EEXIST",
    ] {
        let found = found(&calls(lines));
        assert!(found.len() == 1 && found[0].starts_with("ctl-error fact"), "{lines}: {found:?}");
    }
}

#[test]
fn the_known_pairs_are_silent() {
    for lines in [
        "t1 add 3 5 IN|OUT EEXIST\n t1 mod 3 5 IN|OUT",
        "t1 add 3 5 IN|OUT EEXIST\n t1 del 3 5",
        "t1 mod 3 6 IN ENOENT\n t1 add 3 6 IN",
    ] {
        assert_eq!(found(&calls(lines)), NOTHING, "{lines}");
    }
}

#[test]
fn another_call_of_another_thread_or_descriptor_makes_nothing_good() {
    for lines in [
        "t1 add 3 5 IN|OUT EEXIST\n t1 wait 3\n t1 got nothing\n t1 mod 3 5 IN",
        "t1 add 3 5 IN|OUT EEXIST\n t2 mod 3 5 IN",
        "t1 add 3 5 IN|OUT EEXIST\n t1 add 3 6 IN",
        "t1 add 3 5 IN|OUT EEXIST",
        "t1 add 3 5 IN|OUT EEXIST\n t1 exit",
    ] {
        assert_eq!(found(&calls(lines)), ["ctl-error fact 5"], "{lines}");
    }
}

#[test]
fn a_failure_is_reported_within_100_ms_or_at_once_and_a_repeated_one_once() {
    let reported_at = |call: &str| replay(&calls(&format!("1s {call}"))).expect("a trace")[0].at;
    for (call, at) in [
        ("t1 add 3 5 IN|OUT EEXIST", 1_100_000_000),
        ("t1 mod 3 6 IN ENOENT", 1_100_000_000),
        // No second call makes these good.
        ("t1 del 3 9 EBADF", 1_000_000_000),
        ("t1 add 3 3 IN EINVAL", 1_000_000_000),
        ("t1 create 4\n t1 add 3 4 IN ELOOP", 1_000_000_000),
    ] {
        assert_eq!(reported_at(call), at, "{call}");
    }
    let again = super::repeat(500, 1, 1, "NOW t1 add 3 5 IN|OUT EEXIST @7\n");
    assert_eq!(found(&calls(&again)), ["ctl-error fact 5"]);
}

#[test]
fn want_of_memory_is_the_machines() {
    assert_eq!(found(&calls("t1 add 3 6 IN ENOMEM\n t1 add 3 7 IN ENOSPC")), NOTHING);
}

#[test]
fn only_the_advice_for_the_errno_that_happened_is_given() {
    let advised = [
        ("t1 add 3 5 IN|OUT EEXIST", "It is registered: EPOLL_CTL_MOD.", "epoll_ctl(2), EEXIST"),
        (
            "t1 close 5\n t1 del 3 5 EBADF",
            "EPOLL_CTL_DEL before close().",
            "epoll_ctl(2), EBADF; epoll(7), Q6",
        ),
        (
            "t1 add 3 3 IN EINVAL",
            "Register the descriptor, not the epoll itself.",
            "epoll_ctl(2), EINVAL",
        ),
    ];
    for (lines, fix, manual) in advised {
        let advice = replay(&calls(lines)).expect("a trace")[0].advice();
        assert_eq!((advice.fix, advice.manual), (fix, manual), "{lines}");
    }
}

#[test]
fn adding_again_what_is_registered_so_and_in_use_is_a_note() {
    let served = "t1 wait 3\n t1 got 5:IN\n t1 read 5 3/8\n";
    assert_eq!(found(&calls(&format!("{served} t1 add 3 5 IN EEXIST"))), ["ctl-error note 5"]);
    // Libev counts its attempts in the data.
    let counted = "t1 add 3 5 IN data=0x100000005 EEXIST";
    assert_eq!(found(&calls(counted)), ["ctl-error note 5"]);
    // Another interest is not what the kernel has; and twice in a row is two parts of the program.
    assert_eq!(found(&calls(&format!("{served} t1 add 3 5 IN|OUT EEXIST"))), ["ctl-error fact 5"]);
    assert_eq!(found(&calls("t1 add 3 5 IN EEXIST")), ["ctl-error fact 5"]);
}
