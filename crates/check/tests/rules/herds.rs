//! `herd`.

use super::{NOTHING, found, repeat};

/// A hundred wake-ups and one, of which so many end so, and the others in a connection.
pub fn wakes(vain: u32, interest: &str, ends: &str) -> String {
    let open = format!("0ms t1 create 3\n open 5 listener\n t1 add 3 5 {interest}\n");
    let in_vain =
        format!("NOW t1 wait 3\n t1 got 5:IN\n t1 accept 5 {ends} @8\n kernel poll 5 nothing\n");
    let takes =
        "NOW t1 wait 3\n t1 got 5:IN\n t1 accept 5 9 @8\n t1 accept 5 EAGAIN @8\n t1 close 9\n";
    open + &repeat(101 - vain, 1, 3, takes) + &repeat(vain, 400, 3, &in_vain) + "2s end"
}

#[test]
fn wake_ups_for_connections_that_another_has_taken_are_a_note() {
    assert_eq!(found(&wakes(90, "IN", "EAGAIN")), ["herd note 5"]);
}

#[test]
fn half_of_them_are_no_herd() {
    assert_eq!(found(&wakes(50, "IN", "EAGAIN")), NOTHING);
}

#[test]
fn what_wakes_one_is_no_herd() {
    for interest in ["IN|EXCLUSIVE", "IN|ET"] {
        assert_eq!(found(&wakes(90, interest, "EAGAIN")), NOTHING, "{interest}");
    }
}

#[test]
fn accepts_that_fail_otherwise_are_no_herd() {
    let found = found(&wakes(90, "IN", "EMFILE"));
    assert!(!found.iter().any(|line| line.starts_with("herd")), "{found:?}");
}

/// A connection that has come just when the kernel is asked does not make it right.
#[test]
fn a_connection_that_comes_now_and_then_does_not_hide_it() {
    let trace = wakes(90, "IN", "EAGAIN")
        .replace("2s end", "1s kernel poll 5 IN\n1100ms kernel poll 5 nothing\n2s end");
    assert_eq!(found(&trace), ["herd note 5"]);
    let trace = wakes(90, "IN", "EAGAIN").replace("kernel poll 5 nothing", "kernel poll 5 IN");
    assert_eq!(found(&trace), NOTHING);
}
