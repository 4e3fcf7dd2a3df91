//! Deliveries that come before the `epoll_ctl` that they are due to has returned.

use super::{NOTHING, found};
use epshim_check::replay::{Replay, replay};

/// A worker is handed the event of a registration that an acceptor is still making.
fn first(interest: &str, served: &str) -> String {
    format!(
        "0ms t1 create 3
         0ms t2 wait 3
         1ms t1 begin add 3 5
         1ms t2 got 5:IN
         {served}
         2ms t1 add 3 5 {interest} @11
         kernel poll 5 IN
         {{then}}
         20s end"
    )
}

fn model(trace: &str) -> Replay {
    let mut replay = Replay::default();
    replay.read(trace).unwrap_or_else(|error| panic!("{error}"));
    replay
}

#[test]
fn a_delivery_before_the_add_has_returned_is_of_no_unknown_registration() {
    let trace = first("IN|ONESHOT", "t2 read 5 8/8\n 1ms t2 mod 3 5 IN|ONESHOT");
    for then in ["", "t2 wait 3"] {
        let replay = model(&trace.replace("{then}", then));
        assert_eq!(replay.checker().unknown_deliveries(), 0, "{then}");
    }
}

#[test]
fn a_first_connection_that_is_never_armed_again_is_found() {
    // The worker waits again before the acceptor's call has returned, and after it.
    let fired = "kernel fdinfo 3: 5 ONESHOT";
    let early = first("IN|ONESHOT", "t2 read 5 8/8\n t2 wait 3").replace("{then}", fired);
    assert_eq!(found(&early), ["oneshot-not-rearmed suspected 5"]);
    let late =
        first("IN|ONESHOT", "").replace("{then}", &format!("t2 read 5 8/8\n t2 wait 3\n {fired}"));
    assert_eq!(found(&late), ["oneshot-not-rearmed suspected 5"]);
}

#[test]
fn an_edge_of_which_a_part_was_read_before_the_add_had_returned_is_left() {
    let early = first("IN|ET", "t2 read 5 8/8\n t2 wait 3").replace("{then}", "");
    assert_eq!(found(&early), ["edge-not-drained suspected 5"]);
    let drained = first("IN|ET", "t2 read 5 8/8\n t2 read 5 EAGAIN\n t2 wait 3");
    assert_eq!(found(&drained.replace("{then}", "")), NOTHING);
}

#[test]
fn a_number_used_again_at_once_is_not_the_one_before() {
    // 5 was closed without EPOLL_CTL_DEL; its successor has the same number and the same data.
    let trace = "0ms t1 create 3
         0ms t1 add 3 5 IN|ONESHOT @11
         0ms t1 close 5 @12
         0ms t2 wait 3
         1ms t1 begin add 3 5
         1ms t2 got 5:IN
         1ms t2 read 5 8/8
         1ms kernel fdinfo 3: 5 IN data=5 file=9:9
         2ms t1 add 3 5 IN|ONESHOT @13
         3ms t2 mod 3 5 IN|ONESHOT
         3ms t2 wait 3
         9s end";
    assert_eq!(found(trace), NOTHING);
    assert_eq!(found(&trace.replace("1ms t1 begin add 3 5\n", "")).len(), 1, "the ghost of before");
}

#[test]
fn served_and_closed_before_the_add_has_returned_it_is_over() {
    let served = "t2 read 5 8/8\n t2 close 5\n t2 wait 3";
    let trace = first("IN|ONESHOT", served).replace("{then}", "").replace("kernel poll 5 IN", "");
    assert_eq!(found(&trace), NOTHING);
    assert_eq!(model(&trace).checker().unknown_deliveries(), 0);
}

#[test]
fn what_no_change_claims_is_unknown_when_all_have_returned() {
    let trace = first("IN", "t2 wait 3").replace("{then}", "").replace("got 5:IN", "got 77:IN");
    assert_eq!(model(&trace).checker().unknown_deliveries(), 1);
    // A call that failed claims nothing.
    let failed = first("IN ENOSPC", "t2 wait 3").replace("{then}", "");
    assert_eq!(model(&failed).checker().unknown_deliveries(), 1);
}

#[test]
fn a_ghost_is_found_though_changes_are_always_under_way() {
    let churn = super::repeat(
        50,
        10,
        10,
        "NOW t1 begin add 3 8\n NOW t2 wait 3\n NOW t2 got 77:IN\n NOW t3 begin add 3 9\n NOW t1 add 3 8 IN\n NOW t1 del 3 8\n NOW t1 begin add 3 8\n NOW t3 add 3 9 IN\n NOW t3 del 3 9\n NOW t1 add 3 8 IN\n NOW t1 del 3 8\n",
    );
    let trace =
        format!("0ms t1 create 3\n t1 add 3 5 IN data=77\n hold 5\n t1 close 5\n {churn} 9s end");
    assert_eq!(found(&trace), ["ghost certain 5"]);
}

#[test]
fn an_event_that_was_on_its_way_when_its_registration_was_deleted_is_not_unknown() {
    let trace =
        "0ms t1 create 3\n t1 add 3 5 IN\n 1ms t2 wait 3\n 2ms t1 del 3 5\n 3ms t2 got 5:IN";
    assert_eq!(model(trace).checker().unknown_deliveries(), 0);
    let after =
        "0ms t1 create 3\n t1 add 3 5 IN\n 2ms t1 del 3 5\n 3ms t2 wait 3\n 4ms t2 got 5:IN";
    assert_eq!(model(after).checker().unknown_deliveries(), 1);
}

#[test]
fn armed_and_delivered_before_the_mod_has_returned_it_has_fired() {
    let trace = "0ms t1 create 3
         0ms t1 add 3 5 IN|ONESHOT @11
         0ms t1 wait 3
         1ms t1 got 5:IN
         1ms t1 read 5 8/8
         1ms t2 wait 3
         2ms t1 begin mod 3 5
         2ms t2 got 5:IN
         2ms t2 read 5 8/8
         3ms t1 mod 3 5 IN|ONESHOT
         3ms t2 wait 3
         kernel poll 5 IN
         kernel fdinfo 3: 5 ONESHOT
         20s end";
    assert_eq!(found(trace), ["oneshot-not-rearmed suspected 5"]);
    let findings = replay(
        &trace
            .replace(
                "3ms t2 wait 3",
                "3ms t2 begin mod 3 5\n 4ms t2 mod 3 5 IN|ONESHOT\n t2 wait 3",
            )
            .replace("kernel fdinfo 3: 5 ONESHOT", ""),
    );
    assert_eq!(findings.expect("a trace").len(), 0);
}

#[test]
fn events_that_one_of_several_with_the_same_data_asked_for_are_its_own() {
    // nginx tries its epoll with a registration whose data another one has.
    let trace = "create 3
         open 7 counter
         t1 add 3 7 IN|ET data=9
         t1 add 3 8 IN|RDHUP|ET data=9
         t1 wait 3
         t1 got 9:EVENTS";
    let ambiguous =
        |events: &str| model(&trace.replace("EVENTS", events)).checker().ambiguous_deliveries();
    assert_eq!(ambiguous("IN|RDHUP|HUP"), 0);
    assert_eq!(ambiguous("IN"), 1);
    assert_eq!(ambiguous("HUP"), 1);
}
