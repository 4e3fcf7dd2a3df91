//! `ctl-error`.

use super::{NOTHING, found};
use epshim_check::replay::replay;

pub fn calls(lines: &str) -> String {
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
        ("t1 dup 5 9\n t1 close 5\n t1 dup 9 5\n t1 add 3 5 IN EEXIST", "the same file again"),
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

/// A regular file of five bytes, whose registration the kernel refuses at 0 s.
fn refused(lines: &str) -> String {
    let file = "open 6 unknown\n kernel unread 6 5\n t1 add 3 6 IN EPERM @12";
    format!("0ms t1 create 3\n 0ms t1 add 3 5 IN @11\n {file}\n {lines}\n")
}

#[test]
fn a_file_that_the_program_reads_without_epoll_is_a_note() {
    for lines in [
        // It reads on; it closes it; it serves others meanwhile; or it ends.
        "1ms t1 read 6 3/3\n 1ms t1 wait 3\n 9s end",
        "1ms t1 close 6\n 1ms t1 wait 3\n 9s end",
        "1ms t1 wait 3\n 300ms t1 got 5:IN\n 300ms t1 read 5 3/8\n 301ms t1 read 6 5/8\n 302ms t1 close 6\n 9s end",
        "1ms end",
        // No read was observed, as with stdio: but there is less to be read.
        "1ms t1 wait 3\n 500ms kernel unread 6 2\n 9s end",
        "1ms t1 wait 3\n 500ms kernel unread 6 0\n 9s end",
    ] {
        assert_eq!(found(&refused(lines)), ["ctl-error note 6"], "{lines}");
    }
    // A directory, or a log: it has no input to wait for.
    let directory =
        "0ms t1 create 3\n open 6 unknown\n t1 add 3 6 IN EPERM\n 1ms t1 wait 3\n 9s end";
    assert_eq!(found(directory), ["ctl-error note 6"]);
}

#[test]
fn a_file_that_the_program_tries_again_or_waits_for_is_a_fact() {
    for lines in [
        "1ms t1 add 3 6 IN EPERM\n 2ms t1 close 6\n 9s end",
        "1ms t1 mod 3 6 IN EPERM\n 2ms t1 close 6\n 9s end",
        "1ms t1 del 3 6 EPERM\n 2ms t1 close 6\n 9s end",
        "1ms t1 create 4\n 1ms t1 add 4 6 IN EPERM\n 9s end",
        // It waits for ever; until a deadline, and gives up; or until the program ends.
        "1ms t1 wait 3\n 9s end",
        "1ms t1 wait 3 timeout=1000ms\n 1001ms t1 got nothing\n 1001ms t1 close 6\n 1001ms end",
        "1ms t1 wait 3 timeout=300ms\n 301ms t1 got nothing\n 302ms t1 wait 3 timeout=300ms\n 602ms t1 got nothing\n 602ms t1 close 6\n 9s end",
        "1ms t1 wait 3\n 700ms end",
    ] {
        let found = found(&refused(lines));
        let is_fact = |one: &String| one.starts_with("ctl-error fact 6");
        assert!(!found.is_empty() && found.iter().all(is_fact), "{lines}: {found:?}");
    }
}

#[test]
fn a_file_that_is_waited_for_is_reported_while_the_program_waits() {
    let findings = replay(&refused("1ms t1 wait 3\n 9s end")).expect("a trace");
    assert!(findings[0].at < 3_000_000_000, "{findings:?}");
}

#[test]
fn many_files_that_are_refused_are_one_note() {
    let mut lines = String::new();
    for fd in 10..510 {
        lines +=
            &format!("NOW open {fd} unknown\n t1 add 3 {fd} IN EPERM @12\n t1 read {fd} 1/1\n")
                .replace("NOW ", "");
    }
    assert_eq!(found(&calls(&lines)).len(), 1);
}

#[test]
fn a_thread_that_has_not_come_to_its_retry_is_waited_for() {
    for lines in [
        // A busy machine, or a collection of garbage, comes between the two calls.
        "kernel on-its-way 1\n t1 mod 3 6 IN ENOENT\n 700ms t1 add 3 6 IN",
        "kernel on-its-way 1\n t1 add 3 5 IN|OUT EEXIST\n 1900ms t1 mod 3 5 IN|OUT",
    ] {
        assert_eq!(found(&calls(lines)), NOTHING, "{lines}");
    }
    // What it does then decides, once.
    let late = "kernel on-its-way 1\n t1 mod 3 6 IN ENOENT\n 700ms t1 wait 3";
    assert_eq!(found(&calls(late)), ["ctl-error fact 6"]);
    // A thread that never comes to a next call is not waited for for ever; and one that sleeps is not at all.
    let never = calls("1s kernel on-its-way 1\n t1 mod 3 6 IN ENOENT");
    let findings = replay(&never).expect("a trace");
    assert!(findings.len() == 1 && findings[0].at < 4_000_000_000, "{findings:?}");
}
