//! `loop-stall`.

use super::{NOTHING, found};
use epshim_check::replay::replay;

pub const STALL: &str = "0ms t1 create 3\n t1 add 3 5 IN\n t1 wait 3\n t1 got 5:IN
    620ms t1 stalled 3 620ms clock_nanosleep @30\n t1 wait 3 @9\n 1s end";

#[test]
fn what_the_observer_saw_is_reported_where_the_thread_slept() {
    assert_eq!(found(STALL), ["loop-stall suspected -1"]);
    let findings = replay(STALL).expect("a trace");
    assert_eq!((findings[0].epfd, findings[0].sites[0].1.0), (3, 30));
    assert!(findings[0].what.contains("asleep in clock_nanosleep"), "{}", findings[0].what);
}

#[test]
fn a_thread_that_computed_is_named_by_the_wait_that_ended_it() {
    let findings = replay(&STALL.replace("clock_nanosleep", "-")).expect("a trace");
    assert!(findings[0].what.contains("computed"), "{}", findings[0].what);
    assert_eq!(findings[0].sites[0].0.name(), "waiting in");
}

#[test]
fn a_loop_that_does_not_wait_again_is_told_of_in_the_present() {
    let findings = replay(&STALL.replace("@30", "still @30")).expect("a trace");
    let what = &findings[0].what;
    assert!(what.contains("goes on to") && what.contains("is asleep in clock_nanosleep"), "{what}");
}

/// The observer has seen that nobody else could read it.
pub const OWN_PIPE: &str = "0ms t1 create 3\n t1 add 3 5 IN\n t1 wait 3\n t1 got 5:IN
    11s t1 stalled 3 10600ms write still 6 5 @30\n 12s end";

#[test]
fn a_write_to_its_own_pipe_that_only_it_could_read_is_certain() {
    assert_eq!(found(OWN_PIPE), ["loop-stall certain 6"]);
    let findings = replay(OWN_PIPE).expect("a trace");
    assert!(findings[0].what.contains("its other end, fd 5"), "{}", findings[0].what);
}

/// So many writes in vain, and what comes after each hundred of them.
pub fn in_vain(times: u32, each: &str) -> String {
    let mut trace = "0ms t1 create 3\n t1 add 3 5 IN|OUT\n t1 wait 3\n t1 got 5:IN\n".to_owned();
    for n in 0..times {
        let between = if n % 100 == 99 { each } else { "" };
        trace += &format!("{}us t1 write 5 EAGAIN @9\n {between}\n", 1000 + n);
    }
    trace + "1s t1 wait 3\n 2s end"
}

#[test]
fn a_thread_that_tries_a_thousand_times_without_a_wait_stands_still() {
    assert_eq!(found(&in_vain(2500, "")), ["loop-stall certain 5"]);
}

#[test]
fn who_waits_between_or_gets_on_does_not() {
    assert_eq!(found(&in_vain(900, "")), NOTHING);
    assert_eq!(found(&in_vain(2500, "t1 wait 3\n t1 got nothing")), NOTHING);
    assert_eq!(found(&in_vain(2500, "t1 write 5 3/3 @9")), NOTHING);
    assert_eq!(found(&in_vain(2500, "").replace("t1 write", "t2 write")), NOTHING);
}

/// The program makes the calls without the model, which is told of them when it is asked next: of two together, too.
#[test]
fn what_was_moved_between_is_known_where_both_are_told_together() {
    let told = |then: u32| {
        let begin = "0ms t1 create 3\n t1 add 3 5 IN|OUT\n t1 wait 3\n t1 got 5:IN\n";
        format!("{begin} 9ms t1 futile 5 7 @9\n t1 futile 5 {then} @9\n 1s t1 wait 3\n 2s end")
    };
    assert_eq!(found(&told(7)), ["loop-stall certain 5"]);
    assert_eq!(found(&told(8)), NOTHING);
}
