//! `signalfd-deaf` and `sigpipe`.

use super::{NOTHING, found};

/// A signalfd that is registered, and what the kernel says of it.
pub fn signalfd(kind: &str, says: &str) -> String {
    format!("0ms t1 create 3\n open 5 {kind}\n t1 add 3 5 IN\n {says}\n 3s end")
}

#[test]
fn a_thread_that_does_not_block_a_signal_is_given_it() {
    let says = "kernel deaf 5 77:0x200";
    assert_eq!(found(&signalfd("queue", says)), ["signalfd-deaf certain 5"]);
    assert_eq!(found(&signalfd("stream", says)), NOTHING);
    assert_eq!(found(&signalfd("queue", "")), NOTHING);
}

#[test]
fn the_first_second_is_for_the_threads_to_block_it() {
    let later = "kernel deaf 5 77:0x200\n 900ms kernel deaf 5 none";
    assert_eq!(found(&signalfd("queue", later)), NOTHING);
    assert_eq!(found(&signalfd("queue", "kernel deaf 5 77:0x200\n t1 close 5")), NOTHING);
}

/// A write while SIGPIPE is at its default.
pub fn unguarded(ready: &str) -> String {
    format!("0ms t1 create 3\n t1 add 3 5 IN\n t1 unguarded 5 {ready} @9\n 1s end")
}

#[test]
fn a_write_that_nobody_reads_ends_the_program() {
    assert_eq!(found(&unguarded("HUP")), ["sigpipe certain 5"]);
    assert_eq!(found(&unguarded("ERR|HUP")), ["sigpipe suspected 5"]);
    assert_eq!(found(&unguarded("0")), ["sigpipe note 5"]);
}
