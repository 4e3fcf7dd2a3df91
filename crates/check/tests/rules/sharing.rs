//! `shared-level`.

use super::{NOTHING, found};

/// A stream that is given to two threads, and what they do.
pub fn given_to_two(interest: &str, does: &str) -> String {
    format!(
        "0ms t1 create 3\n t1 add 3 5 {interest}\n t1 wait 3\n t2 wait 3
         1ms t1 got 5:IN\n t1 read 5 3/8\n t1 wait 3\n t2 got 5:IN\n t2 read 5 3/8\n t2 wait 3
         2ms t1 got 5:IN\n t2 got 5:IN\n {does}\n t1 wait 3\n t2 wait 3\n 1s end"
    )
}

const BOTH: &str = "t1 read 5 8/8 @8\n t2 read 5 3/8 @8";

#[test]
fn two_threads_that_read_one_stream_are_a_note() {
    assert_eq!(found(&given_to_two("IN", BOTH)), ["shared-level note 5"]);
    // The first has read before the second was given it.
    let later = "0ms t1 create 3\n t1 add 3 5 IN\n t1 wait 3\n t2 wait 3\n t1 got 5:IN\n t1 read 5 3/8
                 t1 wait 3\n t2 got 5:IN\n t2 read 5 8/8\n t1 got 5:IN\n t1 read 5 3/8 @8\n t1 wait 3\n 1s end";
    assert_eq!(found(later), ["shared-level note 5"]);
}

#[test]
fn who_finds_nothing_has_read_nothing() {
    assert_eq!(found(&given_to_two("IN", "t1 read 5 8/8\n t2 read 5 EAGAIN")), NOTHING);
    assert_eq!(found(&given_to_two("IN", "t1 read 5 8/8\n t1 read 5 3/8")), NOTHING);
}

#[test]
fn who_waits_again_is_done_with_it() {
    assert_eq!(found(&given_to_two("IN", "t1 read 5 8/8\n t1 wait 3\n t2 read 5 3/8")), NOTHING);
}

#[test]
fn an_edge_is_for_one_thread_and_messages_are_whole() {
    for open in ["open 5 datagram", "open 5 listener"] {
        let trace = format!("0ms {open}\n {}", given_to_two("IN", BOTH));
        assert_eq!(found(&trace), NOTHING, "{open}");
    }
    assert_eq!(found(&given_to_two("IN|ET", BOTH)), NOTHING);
}
