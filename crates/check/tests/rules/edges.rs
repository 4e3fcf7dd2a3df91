//! `edge-not-drained`.

use super::{NOTHING, found};
use epshim_check::replay::replay;

/// A delivery, what the program does, and a wait that lasts.
pub fn after_an_edge(setup: &str, done: &str) -> String {
    format!(
        "0ms t1 create 3
         {setup}
         0ms t1 add 3 5 IN|OUT|ET
         0ms t1 wait 3
         1ms t1 got 5:IN
         {done}
         2ms t1 wait 3 @90
         5s end"
    )
}

#[test]
fn a_full_buffer_is_not_a_drain_and_is_found_while_the_program_still_waits() {
    let trace = after_an_edge("", "1ms t1 read 5 8/8 @20");
    let found = replay(&trace).expect("a trace");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].at, 1_002_000_000);
    assert_eq!(found[0].sites[0].1.0, 20);
    assert_eq!((found[0].epfd, found[0].fd), (3, 5));
    assert_eq!(found[0].certainty.name(), "suspected");
}

#[test]
fn a_short_read_drains_a_stream_but_not_a_datagram_socket() {
    assert_eq!(found(&after_an_edge("", "t1 read 5 3/8")), NOTHING);
    let datagram = after_an_edge("open 5 datagram", "t1 read 5 3/8\n kernel poll 5 IN");
    assert_eq!(found(&datagram), ["edge-not-drained suspected 5"]);
}

#[test]
fn eagain_is_a_drain_whatever_arrives_later() {
    let trace = after_an_edge("", "t1 read 5 8/8\n t1 read 5 EAGAIN\n kernel poll 5 IN");
    assert_eq!(found(&trace), NOTHING);
}

#[test]
fn one_accept_of_an_edge_leaves_the_backlog() {
    let trace = after_an_edge("open 5 listener", "t1 accept 5 9");
    assert_eq!(found(&trace), ["edge-not-drained suspected 5"]);
    let drained = after_an_edge("open 5 listener", "t1 accept 5 9\n t1 accept 5 EAGAIN");
    assert_eq!(found(&drained), NOTHING);
}

#[test]
fn nothing_read_at_all_may_be_back_pressure_and_is_a_note() {
    assert_eq!(found(&after_an_edge("", "")), ["edge-not-drained note 5"]);
}

#[test]
fn a_counter_and_a_pipe_to_itself_are_wakers() {
    assert_eq!(found(&after_an_edge("open 5 counter", "")), NOTHING);
    let pipe = after_an_edge("open 5 pipe", "kernel both-ends 5\n t1 read 5 1/1");
    assert_eq!(found(&pipe), NOTHING);
}

#[test]
fn a_thread_that_poll_told_of_the_input_has_not_forgotten_it() {
    let told = after_an_edge("", "t1 read 5 8/8\n t2 poll 5 IN\n t2 polled 5 IN");
    assert_eq!(found(&told), ["edge-not-drained note 5"]);
    let other = after_an_edge("", "t1 read 5 8/8\n t2 poll 6 IN\n t2 polled 6 IN");
    assert_eq!(found(&other), ["edge-not-drained suspected 5"]);
}

#[test]
fn a_rearming_mod_reports_what_is_ready_again() {
    let trace = after_an_edge("", "t1 read 5 8/8\n t1 mod 3 5 IN|ET");
    assert_eq!(found(&trace.replace("5s end", "1.5ms t1 mod 3 5 IN|ET\n 5s end")), NOTHING);
}

#[test]
fn another_thread_that_drains_it_within_a_second_is_right() {
    let trace =
        after_an_edge("", "").replace("5s end", "500ms t2 read 5 8/8\n t2 read 5 EAGAIN\n 5s end");
    assert_eq!(found(&trace), NOTHING);
}

#[test]
fn a_reader_that_resumes_without_an_edge_keeps_readiness_itself() {
    let resumed = after_an_edge("", "t1 read 5 8/8")
        .replace("5s end", "500ms t1 got nothing\n t1 read 5 8/8\n t1 wait 3\n 5s end");
    assert_eq!(found(&resumed), ["edge-not-drained note 5"]);
}

#[test]
fn a_program_that_waits_for_room_elsewhere_holds_back() {
    let trace = after_an_edge("t1 add 3 6 IN|OUT", "t1 read 5 8/8\n t1 write 6 3/8");
    assert_eq!(found(&trace), ["edge-not-drained note 5"]);
}

#[test]
fn a_closed_descriptor_is_no_longer_looked_at_even_if_its_number_is_used_again() {
    let closed = after_an_edge("", "t1 read 5 8/8\n t1 close 5");
    assert_eq!(found(&closed), NOTHING);
    let reused =
        after_an_edge("", "t1 read 5 8/8\n t1 close 5\n t1 add 3 5 IN|ET\n kernel poll 5 IN");
    assert_eq!(found(&reused), NOTHING);
}

#[test]
fn another_epoll_under_the_same_number_is_another_epoll() {
    let trace = after_an_edge(
        "",
        "t1 read 5 8/8\n t2 wait 3\n t2 close 3\n t2 create 3\n t2 add 3 5 IN|ET",
    );
    assert!(!found(&trace).iter().any(|one| one.starts_with("edge")), "{:?}", found(&trace));
}

#[test]
fn the_end_of_a_file_that_was_announced_need_not_be_read() {
    let done = "t1 read 5 8/8\n kernel unread 5 0";
    let told = after_an_edge("", done).replace("got 5:IN", "got 5:IN|RDHUP");
    assert_eq!(found(&told), ["edge-not-drained note 5"]);
    let bytes = told.replace("unread 5 0", "unread 5 100");
    assert_eq!(found(&bytes), ["edge-not-drained suspected 5"]);
}

#[test]
fn nobody_who_waits_nobody_who_misses_it() {
    let trace = after_an_edge("", "t1 read 5 8/8").replace("5s end", "3ms t1 got nothing\n 9s end");
    assert_eq!(found(&trace), NOTHING);
}

#[test]
fn level_triggered_input_is_reported_again_and_needs_no_drain() {
    let trace = after_an_edge("", "t1 read 5 8/8").replace("IN|OUT|ET", "IN");
    assert_eq!(found(&trace), NOTHING);
}

#[test]
fn a_duplicated_epoll_is_still_known_when_its_first_name_is_closed() {
    let trace = after_an_edge("t1 dup 3 4\n t1 close 3", "t1 read 5 8/8")
        .replace("add 3", "add 4")
        .replace("wait 3", "wait 4");
    assert_eq!(found(&trace), ["edge-not-drained suspected 5"]);
}

#[test]
fn several_registrations_of_the_same_data_say_nothing_about_either() {
    let trace = after_an_edge("t1 add 3 6 IN|ET data=5", "t1 read 6 8/8\n t1 read 5 8/8");
    assert_eq!(found(&trace), NOTHING);
}

#[test]
fn data_is_of_one_again_when_the_other_is_gone() {
    for gone in ["del 3 6", "close 6", "mod 3 6 IN|ET data=7"] {
        let setup = format!("t1 add 3 6 IN|ET data=5\n t1 {gone}");
        let trace = after_an_edge(&setup, "t1 read 5 8/8");
        assert_eq!(found(&trace), ["edge-not-drained suspected 5"], "{gone}");
    }
}

#[test]
fn a_file_put_back_under_its_number_is_watched_again_from_its_next_mod_on() {
    let back =
        "t1 add 3 5 IN|ET\n t1 dup 5 9\n t1 close 5\n t1 dup 9 5\n t1 close 9\n t1 mod 3 5 IN|ET";
    let trace = format!(
        "t1 create 3\n {back}\n t1 wait 3\n t1 got 5:IN\n t1 read 5 8/8\n t1 wait 3\n 3s end"
    );
    assert_eq!(found(&trace), ["edge-not-drained suspected 5"]);
}

#[test]
fn inotify_and_signalfd_have_more_than_one_read_takes() {
    let queue = |done: &str| after_an_edge("open 5 queue", done);
    assert_eq!(found(&queue("t1 read 5 128/128")), ["edge-not-drained suspected 5"]);
    // The next record may not have fitted.
    assert_eq!(
        found(&queue("t1 read 5 32/64\n kernel poll 5 IN")),
        ["edge-not-drained suspected 5"]
    );
    assert_eq!(found(&queue("t1 read 5 128/128\n t1 read 5 EAGAIN")), NOTHING);
    assert_eq!(found(&queue("")), ["edge-not-drained note 5"]);
}

/// A part was read, and the next wait has a timeout.
fn paced(then: &str) -> String {
    after_an_edge("", "1ms t1 read 5 8/8")
        .replace("2ms t1 wait 3 @90\n", &format!("2ms t1 wait 3 timeout=1300ms @90\n {then}\n"))
}

#[test]
fn a_program_that_reads_on_when_its_timer_has_run_out_left_nothing() {
    let reads = "1302ms t1 got nothing\n t1 read 5 8/8\n 1303ms t1 wait 3 timeout=1300ms
        2603ms t1 got nothing\n t1 read 5 3/8\n t1 wait 3";
    assert_eq!(found(&paced(reads)), NOTHING);
    // A timer wheel wakes the thread in its slots: the timer runs out in the second wait.
    let slots = "1280ms t1 got nothing\n 1281ms t1 wait 3 timeout=22ms\n 1303ms t1 got nothing\n t1 read 5 3/8\n t1 wait 3";
    assert_eq!(found(&paced(slots).replace("timeout=1300ms @90", "timeout=1278ms @90")), NOTHING);
}

#[test]
fn what_is_not_read_when_the_deadline_has_passed_was_left() {
    let waits = "1302ms t1 got nothing\n 1303ms t1 wait 3";
    let findings = replay(&paced(waits)).expect("a trace");
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].certainty.name(), "suspected");
    assert!((1_302_000_000..1_310_000_000).contains(&findings[0].at), "{}", findings[0].at);
    for gives_up in
        ["t1 close 5", "t1 del 3 5\n t1 close 5", "t1 del 3 5\n t1 close 5\n t1 close 3"]
    {
        let lines =
            paced(&format!("1302ms t1 got nothing\n {gives_up}")).replace("5s end", "1303ms end");
        assert_eq!(found(&lines), ["edge-not-drained suspected 5"], "{gives_up}");
    }
}

#[test]
fn deadlines_are_given_but_not_for_ever() {
    let ticks: String = (0..60)
        .map(|n| {
            let at = 2 + n * 100;
            format!("{at}ms t1 wait 3 timeout=100ms\n {}ms t1 got nothing\n", at + 100)
        })
        .collect();
    let trace = after_an_edge("", "1ms t1 read 5 8/8")
        .replace("2ms t1 wait 3 @90\n", &ticks)
        .replace("5s end", "9s end");
    let findings = replay(&trace).expect("a trace");
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].at < 1_300_000_000, "{}", findings[0].at);
    // One that is too far away is not waited for.
    let far = paced("").replace("1300ms", "3600s");
    assert_eq!(replay(&far).expect("a trace")[0].at, 1_002_000_000);
}

#[test]
fn a_program_that_ends_before_its_deadline_may_have_read_on() {
    assert_eq!(found(&paced("").replace("5s end", "1200ms end")), ["edge-not-drained note 5"]);
}

#[test]
fn a_read_that_a_signal_may_have_cut_short_is_asked_about() {
    let signal = "1ms t1 got EINTR\n t1 wait 3\n";
    let trace = |signal: &str, says: &str| {
        format!(
            "0ms t1 create 3\n t1 add 3 5 IN|ET\n t1 wait 3\n {signal} 2ms t1 got 5:IN\n t1 read 5 3/8
             kernel poll 5 {says}\n t1 wait 3\n 3s end"
        )
    };
    assert_eq!(found(&trace(signal, "IN")), ["edge-not-drained suspected 5"]);
    assert_eq!(found(&trace(signal, "nothing")), NOTHING);
    assert_eq!(found(&trace("", "IN")), NOTHING);
}
