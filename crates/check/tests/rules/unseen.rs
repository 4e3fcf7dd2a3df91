//! What escapes the observer leaves traces.

use super::spins::spin;
use epshim_check::replay::Replay;

fn model(trace: &str) -> Replay {
    let mut replay = Replay::default();
    replay.read(trace).expect("a trace");
    replay
}

/// Four lines that come 100 ms apart, on a level-triggered descriptor, each served in this way.
fn served(how: &str) -> u64 {
    let mut trace = "0ms t1 create 3\n t1 add 3 5 IN\n t1 wait 3\n".to_owned();
    for line in 1..5 {
        let at = line * 100;
        trace += &format!("{at}ms t1 got 5:IN\n {how}\n {at}ms t1 wait 3\n");
    }
    model(&(trace + "2s end")).checker().taken_unseen()
}

#[test]
fn a_wait_that_had_to_wait_for_what_nobody_was_seen_to_read_tells_of_an_unseen_read() {
    assert_eq!(served(""), 3);
    assert_eq!(served("t1 read 5 3/8"), 0);
    assert_eq!(served("t1 read 5 EAGAIN"), 0);
}

#[test]
fn what_is_left_unread_is_delivered_at_once_and_was_not_read_unseen() {
    let left = "0ms t1 create 3\n t1 add 3 5 IN\n t1 wait 3\n 100ms t1 got 5:IN\n 200ms t1 wait 3
                200ms t1 got 5:IN\n 300ms t1 wait 3\n 300ms t1 got 5:IN\n 2s end";
    assert_eq!(model(left).checker().taken_unseen(), 0);
    // A thread that spins lost its processor for a while.
    let spun = "0ms t1 create 3\n t1 add 3 5 IN\n t1 wait 3\n 100ms t1 got 5:IN\n 100ms t1 wait 3
                200ms t1 got 5:IN\n 200ms t1 wait 3\n 200ms t1 got 5:IN\n 201ms t1 wait 3
                300ms t1 got 5:IN\n 300ms end";
    assert_eq!(model(spun).checker().taken_unseen(), 0);
    // Another thread waited before: it was woken for the same bytes.
    let woken = "0ms t1 create 3\n t1 add 3 5 IN\n t1 wait 3\n t2 wait 3\n 100ms t1 got 5:IN
                 100ms t2 got 5:IN\n 100ms t1 read 5 3/8\n 2s end";
    assert_eq!(model(woken).checker().taken_unseen(), 0);
    // A timer that is set anew needs no read; a listener may be another process's too.
    for kind in ["counter", "listener", "unknown"] {
        let trace = format!(
            "0ms t1 create 3\n open 5 {kind}\n t1 add 3 5 IN\n t1 wait 3\n 100ms t1 got 5:IN\n 101ms t1 wait 3
             300ms t1 got 5:IN\n 2s end"
        );
        assert_eq!(model(&trace).checker().taken_unseen(), 0, "{kind}");
    }
    // Edges, one-shots, and what is switched off and on, are told of otherwise.
    for (interest, again) in [("IN|ET", ""), ("IN", "t1 mod 3 5 0\n t1 mod 3 5 IN\n")] {
        let trace = format!(
            "0ms t1 create 3\n t1 add 3 5 {interest}\n t1 wait 3\n 100ms t1 got 5:IN\n {again} 101ms t1 wait 3
             300ms t1 got 5:IN\n 2s end"
        );
        assert_eq!(model(&trace).checker().taken_unseen(), 0, "{interest}");
    }
}

#[test]
fn what_another_thread_reads_while_a_loop_spins_is_seen() {
    let spun = |then: &str| {
        let trace = spin("", "", 202, 5) + then + "\n 1020ms kernel poll 5 nothing\n 2s end";
        model(&trace).checker().taken_unseen()
    };
    assert_eq!(spun(""), 1);
    assert_eq!(spun("1017ms t2 read 5 8/8"), 0);
}
