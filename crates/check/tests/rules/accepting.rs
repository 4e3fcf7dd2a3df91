//! `accept-spin`.

use super::{NOTHING, found, repeat};

fn rounds(times: u32, every: u32, each: &str) -> String {
    let rounds =
        repeat(times, 10, every, &format!("NOW t1 wait 3 @90\n NOW t1 got 5:IN\n {each}\n"));
    format!("0ms t1 create 3\n open 5 listener\n 0ms t1 add 3 5 IN\n {rounds}\n 9s end")
}

#[test]
fn ten_rounds_without_a_descriptor_within_a_second_are_a_spin_and_reported_once() {
    assert_eq!(found(&rounds(12, 10, "t1 accept 5 EMFILE")), ["accept-spin certain 5"]);
    assert_eq!(found(&rounds(90, 10, "t1 accept 5 ENFILE")), ["accept-spin certain 5"]);
}

#[test]
fn a_descriptor_in_reserve_makes_one_accept_succeed() {
    assert_eq!(found(&rounds(90, 10, "t1 accept 5 EMFILE\n t1 accept 5 9\n t1 close 9")), NOTHING);
}

#[test]
fn a_listener_that_is_paused_after_the_failure_does_not_spin() {
    assert_eq!(found(&rounds(30, 500, "t1 accept 5 EMFILE")), NOTHING);
}

#[test]
fn new_edges_are_new_connections() {
    let edges = rounds(30, 10, "t1 accept 5 EMFILE").replace("5 IN\n", "5 IN|ET\n");
    assert_eq!(found(&edges), NOTHING);
}

#[test]
fn an_empty_queue_refutes_it() {
    assert_eq!(found(&rounds(12, 10, "t1 accept 5 EMFILE\n kernel poll 5 nothing")), NOTHING);
}
