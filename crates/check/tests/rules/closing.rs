//! `ghost`, `hangup-unread` and `epfd-misuse`: what closing too early does.

use super::{NOTHING, found};
use epshim_check::Rule;
use epshim_check::replay::{Replay, replay};

pub fn closed(how: &str, then: &str) -> String {
    format!(
        "0ms t1 create 3
         0ms t1 add 3 5 IN data=77 @11
         {how}
         1ms t1 wait 3
         2ms t1 got 77:IN
         {then}
         1s end"
    )
}

#[test]
fn a_duplicate_keeps_a_registration_that_delivers() {
    let trace = closed("t1 dup 5 9 @12\n t1 close 5 @13", "");
    let findings = replay(&trace).expect("a trace");
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].certainty.name(), "certain");
    assert!(findings[0].what.contains("fd 9 keeps its file open"), "{}", findings[0].what);
    let sites: Vec<u64> = findings[0].sites.iter().map(|(_, site)| site.0).collect();
    assert_eq!(sites[..3], [13, 11, 12]);
}

#[test]
fn so_does_a_child_of_fork_and_the_number_may_be_another_file_by_then() {
    assert_eq!(found(&closed("hold 5\n t1 close 5", "")), ["ghost certain 5"]);
    assert_eq!(found(&closed("hold 5\n t1 close 5\n open 5 pipe", "")), ["ghost certain 5"]);
    let again = closed("hold 5\n t1 close 5\n t1 add 3 5 IN data=78", "");
    assert_eq!(found(&again), ["ghost certain 5"]);
}

#[test]
fn between_fork_and_exec_a_child_keeps_it_for_a_moment_only() {
    assert_eq!(found(&closed("hold 5\n t1 close 5", "50ms let-go 5")), NOTHING);
}

#[test]
fn closing_without_a_duplicate_is_a_way_to_unregister() {
    let trace = closed("t1 close 5", "").replace("got 77:IN", "got nothing");
    assert_eq!(found(&trace), NOTHING);
    // The event was on its way when another thread closed it.
    assert_eq!(
        found(&closed("", "").replace("2ms t1 got", "1ms t2 close 5\n 2ms t1 got")),
        NOTHING
    );
}

#[test]
fn a_ghost_that_delivers_nothing_is_not_reported() {
    let trace = closed("t1 dup 5 9\n t1 close 5", "").replace("got 77:IN", "got nothing");
    assert_eq!(found(&trace), NOTHING);
}

#[test]
fn the_same_file_put_back_under_its_number_is_no_ghost() {
    assert_eq!(found(&closed("t1 dup 5 9\n t1 close 5\n t1 dup 9 5", "")), NOTHING);
}

#[test]
fn deleted_before_the_close_it_leaves_nothing() {
    let trace = closed("t1 dup 5 9\n t1 del 3 5\n t1 close 5", "").replace("77:IN", "nothing");
    assert_eq!(found(&trace), NOTHING);
}

#[test]
fn where_fdinfo_cannot_be_read_a_ghost_is_only_suspected() {
    let trace = closed("hold 5\n t1 close 5\n kernel fdinfo 3: unreadable", "");
    assert_eq!(found(&trace), ["ghost suspected 5"]);
}

#[test]
fn a_ghost_that_spins_is_reported_once_and_asked_about_once_a_second() {
    let spin = super::repeat(3000, 3, 1, "NOW t1 wait 3\n NOW t1 got 77:IN\n");
    let trace = closed("hold 5\n t1 close 5", &spin).replace("1s end", "4s end");
    assert_eq!(found(&trace), ["ghost certain 5"]);
    let mut replay = Replay::default();
    replay.read(&trace).expect("a trace");
    let (_, different, times) = replay.checker().tally().of(Rule::Ghost).expect("a ghost");
    assert!(different == 1 && times <= 4, "{times}");
}

#[test]
fn a_number_registered_again_with_the_same_data_after_a_dup_is_suspected() {
    let trace = closed("t1 dup 5 9\n t1 close 5\n t1 add 3 5 IN data=77", "");
    assert_eq!(found(&trace), ["ghost suspected 5"]);
    assert_eq!(found(&trace.replace("t1 dup 5 9\n", "")), NOTHING);
    // The duplicate was closed before.
    assert_eq!(found(&trace.replace("dup 5 9\n", "dup 5 9\n t1 close 9\n")), NOTHING);
}

#[test]
fn a_pointer_used_again_for_another_descriptor_belongs_to_that_one() {
    // 5 was closed without a trace; its connection's memory serves 6, edge-triggered.
    let trace = "t1 create 3\n t1 add 3 5 IN data=77\n t1 close 5\n t1 add 3 6 IN|ET data=77
        t1 wait 3\n 1ms t1 got 77:IN\n t1 read 6 8/8\n t1 wait 3\n 3s end";
    assert_eq!(found(trace), ["edge-not-drained suspected 6"]);
}

pub fn hung_up(events: &str, done: &str) -> String {
    format!(
        "0ms t1 create 3
         0ms t1 add 3 5 IN|RDHUP
         0ms t1 wait 3
         1ms t1 got 5:{events}
         kernel unread 5 100
         {done}
         t1 close 5
         1s end"
    )
}

#[test]
fn closing_after_a_hang_up_loses_what_was_not_read() {
    assert_eq!(found(&hung_up("IN|RDHUP", "")), ["hangup-unread suspected 5"]);
    assert_eq!(found(&hung_up("IN|HUP", "t1 read 5 8/8")), ["hangup-unread suspected 5"]);
}

#[test]
fn reading_to_the_end_or_to_an_error_before_is_right() {
    assert_eq!(found(&hung_up("IN|RDHUP", "t1 read 5 8/8\n t1 read 5 0/8")), NOTHING);
    assert_eq!(found(&hung_up("IN|RDHUP", "t1 read 5 ECONNRESET")), NOTHING);
    assert_eq!(found(&hung_up("IN|RDHUP", "kernel unread 5 0")), NOTHING);
}

#[test]
fn a_reset_or_ones_own_shutdown_loses_nothing_that_was_wanted() {
    assert_eq!(found(&hung_up("IN|ERR|HUP", "")), NOTHING);
    assert_eq!(found(&hung_up("IN|HUP", "t1 shutdown 5")), NOTHING);
}

#[test]
fn without_a_hang_up_in_the_last_delivery_nobody_acted_on_one() {
    assert_eq!(found(&hung_up("IN", "")), NOTHING);
    assert_eq!(found(&hung_up("IN|RDHUP", "t1 wait 3\n t1 got 5:IN")), NOTHING);
}

/// 5 is the upstream, 6 the client: as nginx does where the load generator is killed. What the client
/// does comes in the same round, or in the next one.
fn proxy(exchange: &str, client: &str, done: &str) -> [Vec<String>; 2] {
    let done = format!("kernel unread 5 100\n {done}\n t1 close 5");
    let together = format!("1ms t1 got 5:IN|RDHUP 6:{client}\n {done}");
    let before = format!("1ms t1 got 5:IN|RDHUP\n t1 wait 3\n 2ms t1 got 6:{client}\n {done}");
    [together, before].map(|rest| {
        found(&format!(
            "t1 create 3\n t1 add 3 5 IN|RDHUP\n t1 add 3 6 IN|RDHUP\n {exchange}\n t1 wait 3\n {rest}\n 1s end"
        ))
    })
}

const REQUEST: &str = "t1 read 6 40/64\n t1 write 5 40/40";

#[test]
fn a_proxy_whose_client_has_left_wants_no_more() {
    for exchange in [REQUEST, "t1 read 5 40/64\n t1 write 6 40/40"] {
        for (client, done) in [
            ("IN|RDHUP", ""),
            ("IN|ERR|HUP", ""),
            ("IN", "t1 read 6 0/8"),
            ("IN", "t1 close 6"),
            ("IN", "t1 del 3 6\n t1 close 6"),
        ] {
            assert_eq!(proxy(exchange, client, done), [NOTHING, NOTHING], "{client} {done}");
        }
    }
    // The client only has a request: 5 was closed for its own hang-up, but not in the next round.
    assert_eq!(proxy(REQUEST, "IN", "t1 read 6 4/8")[0], ["hangup-unread suspected 5"]);
    assert_eq!(proxy(REQUEST, "IN", "t1 read 6 4/8")[1], NOTHING);
}

#[test]
fn company_that_has_exchanged_nothing_with_it_excuses_nothing() {
    // A thread that reads one connection and writes to another, but not to this one.
    let others =
        "t1 add 3 7 IN\n t1 read 6 40/64\n t1 write 7 40/40\n t1 read 5 8/64\n t1 write 5 8/8";
    for exchange in ["", others, "t1 read 6 40/64\n t2 write 5 40/40"] {
        for (client, done) in [("IN|RDHUP", ""), ("IN", "t1 close 6"), ("IN|ERR|HUP", "")] {
            let found = proxy(exchange, client, done);
            assert_eq!(found[0], ["hangup-unread suspected 5"], "{exchange} {client} {done}");
        }
    }
}

#[test]
fn connections_that_hang_up_in_one_round_are_each_closed_for_their_own() {
    let each =
        |line: &str| (5..13).map(|fd| line.replace("FD", &fd.to_string())).collect::<String>();
    let trace = format!(
        "t1 create 3\n {} t1 wait 3\n 1ms t1 got {}\n {} 1s end",
        each("t1 add 3 FD IN|RDHUP\n"),
        each("FD:IN|RDHUP "),
        each("kernel unread FD 100\n t1 close FD @FD\n"),
    );
    assert_eq!(found(&trace).len(), 8);
}

#[test]
fn an_epoll_closed_under_its_waiter_is_found_while_that_hangs() {
    let trace = "t1 create 3\n t1 wait 3 @5\n 10ms t2 close 3 @6\n 3s end";
    assert_eq!(found(trace), ["epfd-misuse certain -1"]);
    assert_eq!(found(&trace.replace("3s end", "500ms t1 got nothing\n 3s end")), NOTHING);
    assert_eq!(found(&trace.replace("3s end", "kernel dead 1\n 3s end")), NOTHING);
    assert_eq!(found(&trace.replace("10ms", "t1 dup 3 4\n 10ms")), NOTHING);
    assert_eq!(found("t1 create 3\n t1 wait 3\n t1 got nothing\n t1 close 3\n 3s end"), NOTHING);
}

#[test]
fn waits_and_changes_of_what_is_no_epoll_are_found() {
    let closed = "t1 create 3\n t1 close 3\n";
    assert_eq!(found(&format!("{closed} t1 wait 3\n t1 got EBADF")), ["epfd-misuse certain -1"]);
    assert_eq!(found(&format!("{closed} t1 add 3 5 IN EBADF")), ["epfd-misuse certain 5"]);
    let foreign = "kernel epfd 4 foreign\n";
    assert_eq!(found(&format!("{foreign} t1 wait 4\n t1 got EINVAL")), ["epfd-misuse certain -1"]);
    assert_eq!(found(&format!("{foreign} t1 add 4 5 IN EINVAL")), ["epfd-misuse certain 5"]);
    assert_eq!(found("t1 wait -1\n t1 got EBADF\n t1 wait -1\n t1 got EBADF").len(), 2);
}

#[test]
fn other_failures_of_a_wait_are_none_of_this() {
    assert_eq!(
        found("t1 create 3\n t1 wait 3\n t1 got EINTR\n t1 wait 3\n t1 got EINVAL"),
        NOTHING
    );
}

#[test]
fn an_event_that_brings_nothing_may_be_of_the_file_that_had_the_number_before() {
    let lines = "0ms t1 create 3
         0ms t1 add 3 5 IN data=5 @11
         hold 5
         t1 close 5 @13
         open 5 pipe
         t1 add 3 5 IN data=5 @14
         1ms t1 wait 3
         2ms t1 got 5:IN
         t1 read 5 EAGAIN
         3ms t1 wait 3
         4ms t1 got 5:IN
         t1 read 5 EAGAIN
         5ms t1 wait 3
         1s end";
    assert_eq!(found(lines), ["ghost suspected 5"]);
    assert_eq!(found(&lines.replace("read 5 EAGAIN", "read 5 8/64")), NOTHING);
    assert_eq!(found(&lines.replace("hold 5\n", "")), NOTHING);
}
