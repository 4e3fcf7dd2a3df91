//! `accept-spin`.

use super::{NOTHING, found, repeat};

pub fn rounds(times: u32, every: u32, each: &str) -> String {
    let rounds =
        repeat(times, 10, every, &format!("NOW t1 wait 3 @90\n NOW t1 got 5:IN\n {each}\n"));
    format!("0ms t1 create 3\n open 5 listener\n 0ms t1 add 3 5 IN\n {rounds}\n 9s end")
}

#[test]
fn ten_rounds_without_a_descriptor_within_a_second_are_a_spin_and_reported_once() {
    assert_eq!(found(&rounds(12, 2, "t1 accept 5 EMFILE")), ["accept-spin certain 5"]);
    assert_eq!(found(&rounds(90, 5, "t1 accept 5 ENFILE")), ["accept-spin certain 5"]);
}

#[test]
fn a_descriptor_in_reserve_makes_one_accept_succeed() {
    assert_eq!(found(&rounds(90, 2, "t1 accept 5 EMFILE\n t1 accept 5 9\n t1 close 9")), NOTHING);
}

#[test]
fn a_listener_that_is_paused_after_the_failure_does_not_spin() {
    assert_eq!(found(&rounds(30, 500, "t1 accept 5 EMFILE")), NOTHING);
}

#[test]
fn nor_does_one_that_is_paused_for_a_shorter_time_or_a_thread_that_sleeps_for_as_long() {
    let paused = "t1 accept 5 EMFILE\n t1 mod 3 5 0\n t1 mod 3 5 IN";
    assert_eq!(found(&rounds(60, 100, paused)), NOTHING);
    assert_eq!(found(&rounds(600, 10, "t1 accept 5 EMFILE")), NOTHING);
    // An interest that is only set anew is no pause.
    let kept = "t1 accept 5 EMFILE\n t1 mod 3 5 IN|OUT";
    assert_eq!(found(&rounds(60, 2, kept)), ["accept-spin certain 5"]);
}

#[test]
fn new_edges_are_new_connections() {
    let edges = rounds(30, 2, "t1 accept 5 EMFILE").replace("5 IN\n", "5 IN|ET\n");
    assert_eq!(found(&edges), NOTHING);
}

#[test]
fn an_empty_queue_refutes_it() {
    assert_eq!(found(&rounds(12, 2, "t1 accept 5 EMFILE\n kernel poll 5 nothing")), NOTHING);
}

#[test]
fn an_accept_that_failed_with_anything_but_eagain_has_drained_nothing() {
    let one = |failed: &str| {
        format!(
            "0ms t1 create 3\n open 5 listener\n t1 add 3 5 IN|ET\n t1 wait 3\n 1ms t1 got 5:IN
             t1 accept 5 {failed}\n 2ms t1 wait 3\n 5s end"
        )
    };
    assert_eq!(found(&one("ECONNABORTED")), ["edge-not-drained suspected 5"]);
    assert_eq!(found(&one("EMFILE")), ["edge-not-drained suspected 5"]);
    assert_eq!(found(&one("EAGAIN")), NOTHING);
}
