//! The checker across a fork: the books are whole in the child, and become the child's own.
//!
//! Before fork(3) the forking thread takes every lock of the books, and gives them back in both
//! processes. clone(2) and `_Fork` call no handlers: then another thread may have been in the middle
//! of a change, and the child makes new what it cannot trust.
//!
//! Surprising: a child that was not announced is noticed at its first call that is recorded.

use crate::books::{blocking, counts, mailbox, model, recording, room_waits, stacks, stalls};
use crate::chaos::books as chaos;
use crate::life::monitor;
use crate::output::report;
use crate::questions::{hazard, side_process};
use crate::runtime::thread::{self, tid};
use crate::runtime::{failure, heap, process, slot_life};
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

/// The thread that holds all locks to fork; 0: none.
static FORKER: AtomicI32 = AtomicI32::new(0);

/// Before fork(3): takes the locks, unless a thread does not give one back.
pub fn take_locks() {
    slot_life::reserve();
    if !model::before_fork() {
        return;
    }
    if !stacks::before_fork() {
        return model::after_fork();
    }
    if !chaos::before_fork() {
        stacks::after_fork();
        return model::after_fork();
    }
    // Last: a thread that holds the heap waits for no other lock.
    heap::before_fork();
    FORKER.store(tid(), Relaxed);
    recording::forks();
}

/// After fork(3), in both processes: gives back what this thread took.
pub fn give_locks() {
    if FORKER.compare_exchange(tid(), 0, Relaxed, Relaxed).is_ok() {
        heap::after_fork();
        chaos::after_fork();
        stacks::after_fork();
        model::after_fork();
    }
}

/// In a forked child, which has a copy of its parent's books: makes them its own.
pub fn adopt() {
    thread::forget_tid();
    let parent = process::id();
    process::adopt();
    slot_life::forked();
    recording::forked(parent);
    let is_whole = heap::is_whole();
    counts::forked();
    blocking::forked();
    room_waits::forked();
    stacks::forked();
    stalls::forked();
    model::forked();
    chaos::forked();
    monitor::forked();
    hazard::forked();
    side_process::forked();
    report::forked();
    mailbox::forked();
    if !is_whole {
        failure::give_up("the program was copied in the middle of it");
    }
}
