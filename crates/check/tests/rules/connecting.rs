//! `connect-unfinished`.

use super::{NOTHING, found};

/// A connect in progress that is made 2 ms later, what is registered, and what comes then.
pub fn in_progress(interest: &str, then: &str) -> String {
    format!(
        "0ms t1 create 3\n t1 connect 5 EINPROGRESS @9\n t1 add 3 5 {interest}\n t1 wait 3
         2ms kernel poll 5 OUT\n {then}\n 9s end"
    )
}

#[test]
fn a_connection_that_nobody_is_told_of_is_suspected() {
    let found = found(&in_progress("IN", ""));
    assert_eq!(found, ["connect-unfinished suspected 5"]);
}

#[test]
fn who_asks_for_room_is_told() {
    assert_eq!(found(&in_progress("IN|OUT", "")), NOTHING);
    assert_eq!(found(&in_progress("IN", "500ms t2 mod 3 5 IN|OUT")), NOTHING);
    assert_eq!(found(&in_progress("IN", "t2 poll 5 OUT")), NOTHING);
}

#[test]
fn who_asks_reads_writes_or_closes_knows() {
    for does in ["error-taken 5", "connect 5 0", "write 5 3/3", "read 5 3/8", "close 5"] {
        assert_eq!(found(&in_progress("IN", &format!("1500ms t2 {does}"))), NOTHING, "{does}");
    }
}

#[test]
fn what_goes_on_or_has_failed_or_is_spoken_to_needs_no_more() {
    for says in ["nothing", "OUT|ERR|HUP", "IN|OUT"] {
        assert_eq!(found(&in_progress("IN", &format!("kernel poll 5 {says}"))), NOTHING, "{says}");
    }
}

/// A write that failed, after a connect.
pub fn written(connect: &str, write: &str) -> String {
    format!(
        "0ms t1 create 3\n t1 connect 5 {connect} @9\n t1 add 3 5 OUT\n t1 wait 3
         1ms t1 got 5:OUT|HUP\n t1 error-taken 5\n t1 write 5 {write} @10\n t1 close 5\n 1s end"
    )
}

#[test]
fn a_write_to_what_was_never_connected_is_a_fact() {
    let fact = ["connect-unfinished fact 5"];
    assert_eq!(found(&written("EAGAIN", "ENOTCONN")), fact);
    assert_eq!(found(&written("ENOENT", "ENOTCONN")), fact);
    assert_eq!(found(&written("EAGAIN\n t1 connect 5 0", "ENOTCONN")), NOTHING);
    assert_eq!(found(&written("EAGAIN", "EAGAIN")), NOTHING);
    assert_eq!(found(&written("EAGAIN\n t1 close 5", "ENOTCONN")), NOTHING);
}

#[test]
fn a_write_that_is_told_of_the_refusal_is_a_note() {
    assert_eq!(found(&written("EINPROGRESS", "ECONNREFUSED")), ["connect-unfinished note 5"]);
}

#[test]
fn of_many_connects_the_one_that_is_left_alone_is_found() {
    let many = (100..1100).fold(String::new(), |many, fd| {
        many + &format!(
            "t1 connect {fd} EINPROGRESS @9\n t1 add 3 {fd} OUT\n t1 error-taken {fd}\n t1 close {fd}\n"
        )
    });
    let alone =
        "t1 connect 5 EINPROGRESS @9\n t1 add 3 5 IN\n t1 wait 3\n 2ms kernel poll 5 OUT\n 9s end";
    let found = found(&format!("0ms t1 create 3\n {many} {alone}"));
    assert_eq!(found, ["connect-unfinished suspected 5"]);
}
