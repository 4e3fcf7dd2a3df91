//! `lost-write`.

use super::{NOTHING, found};

pub fn written(outcome: &str, then: &str) -> String {
    format!(
        "0ms t1 create 3
         0ms t1 add 3 5 IN
         0ms t1 wait 3
         1ms t1 got 5:IN
         1ms t1 write 5 {outcome} @30
         {then}
         2ms t1 wait 3
         9s end"
    )
}

#[test]
fn the_rest_of_a_short_write_or_of_none_is_lost() {
    assert_eq!(found(&written("3/8", "")), ["lost-write suspected 5"]);
    assert_eq!(found(&written("EAGAIN", "")), ["lost-write suspected 5"]);
}

#[test]
fn room_that_is_waited_for_will_come() {
    assert_eq!(found(&written("3/8", "t1 mod 3 5 IN|OUT")), NOTHING);
    assert_eq!(
        found(&written("3/8", "t1 read 5 EAGAIN").replace("5 IN\n", "5 IN|OUT|ET\n")),
        NOTHING
    );
    assert_eq!(found(&written("3/8", "t1 create 4\n t1 dup 5 9\n t1 add 4 9 OUT")), NOTHING);
    assert_eq!(found(&written("3/8", "kernel fdinfo 3: 5 IN|OUT")), NOTHING);
}

#[test]
fn written_closed_failed_or_shut_down_it_is_finished() {
    for then in ["t1 write 5 5/5", "t1 close 5", "t1 write 5 EPIPE", "t1 shutdown 5"] {
        assert_eq!(found(&written("3/8", then)), NOTHING, "{then}");
    }
}

#[test]
fn a_peer_that_is_gone_will_not_miss_it() {
    assert_eq!(found(&written("3/8", "kernel poll 5 ERR|HUP")), NOTHING);
}

#[test]
fn datagrams_and_wakers_lose_nothing() {
    assert_eq!(found(&format!("open 5 datagram\n{}", written("EAGAIN", ""))), NOTHING);
    assert_eq!(found(&format!("open 5 counter\n{}", written("EAGAIN", ""))), NOTHING);
    assert_eq!(
        found(&format!("open 5 pipe\n kernel both-ends 5\n{}", written("EAGAIN", ""))),
        NOTHING
    );
}

#[test]
fn a_second_that_starts_anew_with_each_write_but_not_with_each_read() {
    let write =
        written("3/8", "").replace("9s end", "900ms t2 write 5 1/5\n 1.5s t2 write 5 4/4\n 9s end");
    assert_eq!(found(&write), NOTHING);
    let reads = super::repeat(30, 100, 100, "NOW t2 read 5 1/8\n");
    let read = written("3/8", "").replace("9s end", &format!("{reads} 3.1s end"));
    assert_eq!(found(&read), ["lost-write suspected 5"]);
}

#[test]
fn a_thread_that_waits_for_room_in_poll_has_not_forgotten_it() {
    let waits = |then: &str| found(&written("3/8", "").replace("9s end", then));
    assert_eq!(waits("3ms t2 poll 5 OUT\n 9s end"), NOTHING);
    // Each wait ends before the room comes, as in a loop that looks at a flag in between.
    let polls = super::repeat(20, 100, 400, "NOW t2 poll 5 OUT\nNOW t2 polled 5 nothing\n");
    assert_eq!(waits(&format!("{polls} 8.5s end")), NOTHING);
    assert_eq!(
        waits("3ms t2 poll 5 OUT\n 3.5s t2 polled 5 OUT\n 3.5s t2 write 5 5/5\n 9s end"),
        NOTHING
    );
}

#[test]
fn a_thread_that_waits_for_something_else_has_or_that_waited_and_never_wrote() {
    let waits = |then: &str| found(&written("3/8", "").replace("9s end", then));
    assert_eq!(waits("3ms t2 poll 5 IN\n 9s end"), ["lost-write suspected 5"]);
    assert_eq!(waits("3ms t2 poll 6 OUT\n 9s end"), ["lost-write suspected 5"]);
    let gives_up = "3ms t2 poll 5 OUT\n 3.5s t2 polled 5 nothing\n 9s end";
    assert_eq!(waits(gives_up), ["lost-write suspected 5"]);
}
