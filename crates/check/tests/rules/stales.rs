//! `stale-event`.

use super::{NOTHING, found};

/// A listener and a connection that are delivered together, after the connection was once served; and what the
/// thread does.
pub fn batch(does: &str) -> String {
    of("5:IN 6:IN", does)
}

fn of(delivered: &str, does: &str) -> String {
    format!(
        "0ms t1 create 3\n open 5 listener\n open 6 stream\n t1 add 3 5 IN\n t1 add 3 6 IN\n t1 wait 3
         1ms t1 got 6:IN\n t1 read 6 3/8\n t1 wait 3
         2ms t1 got {delivered}\n {does}\n t1 wait 3\n 1s end"
    )
}

const REUSED: &str = "t1 close 6\n t1 accept 5 6\n t1 add 3 6 IN\n t1 read 6 EAGAIN";

#[test]
fn what_an_earlier_handler_closed_and_a_later_one_uses_is_a_fact() {
    assert_eq!(found(&batch("t1 close 6\n t1 read 6 EBADF")), ["stale-event fact 6"]);
    assert_eq!(found(&batch("t1 close 6\n t1 write 6 EBADF")), ["stale-event fact 6"]);
}

#[test]
fn a_number_that_is_used_again_is_suspected() {
    assert_eq!(found(&batch(REUSED)), ["stale-event suspected 6"]);
    assert_eq!(found(&of("5:IN 6:IN|HUP", REUSED)), NOTHING, "closed for the hang-up");
}

#[test]
fn its_own_handler_may_close_it() {
    assert_eq!(found(&batch("t1 read 6 0/8\n t1 close 6\n t1 read 6 EBADF")), NOTHING);
    assert_eq!(found(&of("6:IN 5:IN", "t1 close 6\n t1 read 6 EBADF")), NOTHING);
    assert_eq!(found(&of("6:IN", "t1 close 6\n t1 read 6 EBADF")), NOTHING);
}

#[test]
fn who_does_nothing_with_it_has_noticed() {
    assert_eq!(found(&batch("t1 close 6")), NOTHING);
    assert_eq!(found(&batch("t1 close 6\n t1 wait 3\n t1 got nothing\n t1 read 6 EBADF")), NOTHING);
    assert_eq!(found(&batch("t1 close 6\n t2 read 6 EBADF")), NOTHING);
    let takes = "t1 close 6\n t1 accept 5 6\n t1 add 3 6 IN\n t1 read 6 3/8";
    assert_eq!(found(&batch(takes)), NOTHING);
}

#[test]
fn a_program_that_reads_before_it_is_told_finds_nothing_often() {
    let early =
        "t1 accept 5 7\n t1 add 3 7 IN\n t1 read 7 EAGAIN\n t1 wait 3\n t1 got 7:IN\n t1 read 7 3/8
                 t1 wait 3\n t1 got 5:IN 6:IN";
    assert_eq!(found(&batch(&format!("{early}\n {REUSED}"))), NOTHING);
}
