//! `oneshot-not-rearmed`.

use super::{NOTHING, found};
use epshim_check::replay::replay;
use epshim_observe::SECOND;

pub fn after_a_shot(done: &str) -> String {
    format!(
        "0ms t1 create 3
         0ms t1 add 3 5 IN|ONESHOT
         0ms t1 wait 3
         1ms t1 got 5:IN
         1ms t1 read 5 8/8
         2ms t1 wait 3
         {done}
         400s end"
    )
}

#[test]
fn a_ready_descriptor_that_nobody_arms_again_is_found_after_five_seconds() {
    assert_eq!(found(&after_a_shot("")), ["oneshot-not-rearmed suspected 5"]);
}

#[test]
fn armed_late_is_armed() {
    assert_eq!(found(&after_a_shot("4s t2 mod 3 5 IN|ONESHOT")), NOTHING);
}

#[test]
fn a_one_shot_without_anything_ready_is_merely_switched_off() {
    assert_eq!(found(&after_a_shot("3ms kernel poll 5 nothing")), NOTHING);
    let later = after_a_shot("3ms kernel poll 5 nothing\n 21s kernel poll 5 IN");
    assert_eq!(found(&later), ["oneshot-not-rearmed suspected 5"]);
    // It is looked at ever more seldom, but within a minute.
    let at = replay(&later).expect("a trace")[0].at / SECOND;
    assert!((30..85).contains(&at), "{at} s");
}

#[test]
fn deleted_or_closed_it_need_not_be_armed() {
    assert_eq!(found(&after_a_shot("3ms t1 got nothing\n t1 del 3 5\n t1 wait 3")), NOTHING);
    assert_eq!(found(&after_a_shot("3ms t1 got nothing\n t1 close 5\n t1 wait 3")), NOTHING);
}

#[test]
fn while_no_thread_waits_the_workers_are_busy() {
    assert_eq!(found(&after_a_shot("3ms t1 got nothing")), NOTHING);
}

#[test]
fn what_the_kernel_lists_as_armed_was_armed_unseen() {
    assert_eq!(found(&after_a_shot("3ms kernel fdinfo 3: 5 IN|ERR|HUP|ONESHOT")), NOTHING);
}

#[test]
fn who_was_seen_to_arm_late_arms_when_it_wants_more() {
    let first = "3s t1 got nothing\n t1 mod 3 5 IN|ONESHOT\n t1 wait 3\n 4s t1 got 5:IN\n t1 read 5 8/8\n t1 wait 3";
    assert_eq!(found(&after_a_shot(first)), ["oneshot-not-rearmed note 5"]);
}

#[test]
fn an_edge_triggered_one_shot_is_this_rules_and_not_the_other_ones() {
    let trace = after_a_shot("").replace("IN|ONESHOT", "IN|ET|ONESHOT");
    assert_eq!(found(&trace), ["oneshot-not-rearmed suspected 5"]);
}

#[test]
fn a_descriptor_that_is_ever_ready_and_armed_to_wake_a_thread_is_a_note() {
    // Ivykis: added without an interest, never read, and armed by the thread that has news.
    let woken = |added: &str, done: &str| {
        format!(
            "0ms t1 create 3\n 0ms open 5 counter\n t1 add 3 5 {added}\n t1 wait 3\n 1ms t2 mod 3 5 IN|ONESHOT
             1ms t1 got 5:IN\n {done}\n 2ms t1 wait 3\n 40s end"
        )
    };
    assert_eq!(found(&woken("0", "")), ["oneshot-not-rearmed note 5"]);
    // What is read is a message, and the next one is missed; and so is what was armed from the start.
    let read = "1ms t1 read 5 8/8\n 1ms kernel poll 5 IN";
    assert_eq!(found(&woken("0", read)), ["oneshot-not-rearmed suspected 5"]);
    assert_eq!(found(&woken("IN|ONESHOT", "")), ["oneshot-not-rearmed suspected 5"]);
}
