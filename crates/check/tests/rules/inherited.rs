//! `fd-inherited`.

use super::{NOTHING, found};

/// A stream that is closed by a program that has executed others, and what the kernel says of these.
pub fn closed(says: &str) -> String {
    format!(
        "0ms t1 create 3\n t1 add 3 5 IN\n t1 wait 3\n t1 got 5:IN\n t1 read 5 3/8\n t1 del 3 5
         t1 closed-inheritable 5 700 @9\n t1 close 5\n {says}\n 5s end"
    )
}

#[test]
fn a_connection_that_a_child_has_open_is_suspected() {
    assert_eq!(found(&closed("kernel holder 700 77:5")), ["fd-inherited suspected 5"]);
    assert_eq!(found(&closed("kernel holder 701 77:5")), NOTHING);
}

#[test]
fn a_child_that_ends_within_a_second_hurts_nobody() {
    let ends = "kernel holder 700 77:5\n 900ms kernel holder 700 none";
    assert_eq!(found(&closed(ends)), NOTHING);
}
