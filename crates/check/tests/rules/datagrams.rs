//! `empty-datagram`.

use super::{NOTHING, found};

/// A receive and a close of a descriptor of this kind.
pub fn closed(kind: &str, received: &str) -> String {
    format!(
        "0ms t1 create 3\n open 5 {kind}\n t1 add 3 5 IN\n t1 wait 3\n 1ms t1 got 5:IN
         {received}\n t1 close 5\n 1s end"
    )
}

#[test]
fn a_datagram_without_a_byte_is_no_end() {
    assert_eq!(found(&closed("datagram", "t1 read 5 0/8")), ["empty-datagram suspected 5"]);
}

#[test]
fn a_thread_that_has_waited_since_has_another_reason() {
    let later = "t1 read 5 0/8\n 2ms t1 wait 3\n 3ms t1 got";
    assert_eq!(found(&closed("datagram", later)), NOTHING);
    assert_eq!(found(&closed("datagram", &format!("{later}\n t1 del 3 5"))), NOTHING);
    let deleted = "t1 read 5 0/8\n t1 del 3 5";
    assert_eq!(found(&closed("datagram", deleted)), ["empty-datagram suspected 5"]);
}

#[test]
fn the_end_of_a_stream_is_one() {
    assert_eq!(found(&closed("stream", "t1 read 5 0/8")), NOTHING);
}

#[test]
fn a_socket_that_goes_on_before_it_is_closed_has_understood() {
    assert_eq!(found(&closed("datagram", "t1 read 5 0/8\n t1 read 5 3/8")), NOTHING);
    assert_eq!(found(&closed("datagram", "t1 read 5 0/8\n t1 read 5 EAGAIN")), NOTHING);
    assert_eq!(found(&closed("datagram", "t1 shutdown 5\n t1 read 5 0/8")), NOTHING);
}
