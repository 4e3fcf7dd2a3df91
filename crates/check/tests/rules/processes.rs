//! `fork-shared` and `blocking-fd`.

use super::{NOTHING, found};

#[test]
fn an_epoll_that_two_processes_change_is_found_once() {
    let trace = "t1 create 3\n t1 add 3 5 IN\n t1 shared 3 77\n t1 shared 3 77";
    assert_eq!(found(trace), ["fork-shared certain -1"]);
    assert_eq!(found(&format!("kernel dead 77\n {trace}")), NOTHING);
    // Its end comes before the next question.
    assert_eq!(found(&format!("{trace}\n kernel dead 77\n 9s end")), ["fork-shared certain -1"]);
}

#[test]
fn a_child_has_no_share_in_its_parents_waits_and_failures() {
    let trace = "t1 create 3\n t1 add 3 5 IN|ET\n t1 add 3 5 OUT EEXIST\n t2 wait 3\n t2 got 5:IN
        t2 read 5 8/8\n t2 wait 3\n fork\n 9s end";
    assert_eq!(found(trace), NOTHING);
}

#[test]
fn in_a_child_what_happens_there_is_found() {
    let trace = "t1 create 3\n t1 add 3 5 IN|ET\n t1 wait 3\n t1 got 5:IN\n fork
        t7 wait 3\n t7 got 5:IN\n t7 read 5 8/8\n t7 wait 3\n 9s end";
    assert_eq!(found(trace), ["edge-not-drained suspected 5"]);
}

#[test]
fn a_thread_of_the_loop_that_blocks_is_found() {
    let wait = "t1 create 3\n t1 add 3 5 IN\n t1 wait 3\n t1 got 5:IN\n";
    assert_eq!(found(&format!("{wait} t1 blocked 5 read 20ms")), ["blocking-fd certain 5"]);
    assert_eq!(found(&format!("{wait} t1 blocks 5 read 100ms")), ["blocking-fd certain 5"]);
    assert_eq!(found(&format!("{wait} t1 blocked 5 read 9ms")), NOTHING);
    assert_eq!(found(&format!("{wait} t2 blocked 5 read 2s")), NOTHING);
    assert_eq!(found(&format!("{wait} t1 blocked 6 read 2s")), NOTHING);
    // It waited once, and was given another descriptor, or nothing.
    let other = wait.replace("got 5:IN", "got nothing");
    assert_eq!(found(&format!("{other} t1 blocked 5 read 2s")), NOTHING);
    let again = format!("{other} t1 wait 3\n t1 got nothing\n t1 blocked 5 read 2s");
    assert_eq!(found(&again), ["blocking-fd certain 5"]);
}
