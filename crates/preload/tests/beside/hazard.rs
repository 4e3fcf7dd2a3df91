//! Hazards: threads that ask about descriptors while other threads close them.

use crate::questions::hazard::{announce, announce_all, ask, closing};
use crate::questions::side_process::run;
use crate::runtime::watched;
use crate::{alone, until};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::SeqCst};
use std::thread;

#[test]
fn what_was_closed_is_not_asked_about_again_before_the_next_announcement() {
    let _alone = alone();
    let first = announce();
    assert_eq!(ask(7, |fd| fd), Some(7));
    closing(7, 7);
    assert_eq!((ask(7, |fd| fd), ask(8, |fd| fd), ask(-1, |fd| fd)), (None, Some(8), None));
    {
        let _part = announce();
        assert_eq!(ask(7, |fd| fd), None);
    }
    assert!(watched::is_hazard());
    drop(first);
    assert!(!watched::is_hazard());
    let _next = announce();
    assert_eq!(ask(7, |fd| fd), Some(7));
    closing(3, u32::MAX);
    assert_eq!(ask(9000, |fd| fd), None);
}

/// Another thread closes these numbers during this work, and must wait for its end.
fn waits(first: u32, last: u32, ask: impl FnOnce(&dyn Fn())) {
    let (closer, is_begun, is_over) =
        (AtomicI32::new(0), AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            until(|| is_begun.load(SeqCst));
            // SAFETY: it cannot fail.
            closer.store(unsafe { libc::gettid() }, SeqCst);
            closing(first, last);
            assert!(is_over.load(SeqCst));
        });
        ask(&|| {
            is_begun.store(true, SeqCst);
            until(|| closer.load(SeqCst) > 0 && is_asleep(closer.load(SeqCst)));
            is_over.store(true, SeqCst);
        });
    });
}

fn is_asleep(tid: i32) -> bool {
    let text = std::fs::read_to_string(format!("/proc/self/task/{tid}/stat")).unwrap();
    text.rsplit(')').next().unwrap().starts_with(" S")
}

#[test]
fn a_thread_that_closes_what_is_asked_about_waits_and_no_other() {
    let _alone = alone();
    waits(7, 7, |work| {
        let _announcement = announce();
        closing(8, 8);
        ask(7, |_| {
            closing(6, 6);
            closing(8, u32::MAX);
            work();
        });
    });
    waits(9, 9, |work| {
        let _announcement = announce_all();
        work();
    });
}

/// How far the kernel has come with a close is seen by the peer.
#[test]
fn what_is_closed_while_a_child_begins_is_released_at_once() {
    let _alone = alone();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(SeqCst) {
                run(|| ()).unwrap();
            }
        });
        let late = (0..30_000).filter(|_| !hangs_up_at_once()).count();
        is_over.store(true, SeqCst);
        assert_eq!(late, 0);
    });
}

fn hangs_up_at_once() -> bool {
    let mut ends = [0; 2];
    // SAFETY: plain system calls on this function's own descriptors.
    unsafe {
        assert_eq!(libc::socketpair(libc::AF_UNIX, libc::SOCK_STREAM, 0, ends.as_mut_ptr()), 0);
        if watched::is_hazard() {
            closing(ends[0] as u32, ends[0] as u32);
        }
        libc::close(ends[0]);
        let mut peer = libc::pollfd { fd: ends[1], events: 0, revents: 0 };
        let ready = libc::poll(&raw mut peer, 1, 0);
        libc::close(ends[1]);
        ready == 1
    }
}
