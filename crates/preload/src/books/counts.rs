//! Counts: how much the library saw of the program, and how much it did not record. The end of the
//! report says both.
//!
//! Any file may add to a count, from any thread and from a signal handler: a count is one atomic
//! number, without a lock.

use crate::questions::descriptor;
use crate::runtime::shared_page;
use epshim_report::Seen;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// One count.
#[derive(Debug)]
pub struct Count(AtomicU64);

impl Count {
    const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// One more.
    pub fn add_one(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Waits that were begun.
pub static WAITS: Count = Count::new();
/// Registrations that were made.
pub static REGISTRATIONS: Count = Count::new();

/// Calls that were not recorded, because their thread was in the book-keeping already.
pub static SKIPPED: Count = Count::new();
/// Calls that were not recorded, because another thread did not give the model's lock back.
pub static NOT_LOCKED: Count = Count::new();
/// Messages that were dropped, because the mailbox was full.
pub static NOT_POSTED: Count = Count::new();
/// Calls that were not recorded, because their descriptor has no slot.
pub static WITHOUT_SLOT: Count = Count::new();
/// Rings of io_uring, whose calls the hooks cannot follow.
pub static RINGS: Count = Count::new();

/// Writes down for the observer how much was seen, and how many suspicions are open.
pub fn publish(pending: usize) {
    shared_page::publish(WAITS.get(), REGISTRATIONS.get(), pending);
}

/// What these counts say, without the model.
pub fn seen() -> Seen {
    let dropped_calls = SKIPPED.get() + NOT_POSTED.get() + NOT_LOCKED.get();
    let (high_descriptors, rings, waits) = (WITHOUT_SLOT.get(), RINGS.get(), WAITS.get());
    Seen {
        waits,
        unheard_epolls: if waits == 0 { descriptor::epolls() } else { 0 },
        registrations: REGISTRATIONS.get(),
        rings,
        dropped_calls,
        high_descriptors,
        ..Seen::default()
    }
}

/// In a forked child: its parent's calls are not its own. Its parent's rings are.
pub fn forked() {
    for count in [&WAITS, &REGISTRATIONS, &SKIPPED, &NOT_LOCKED, &NOT_POSTED, &WITHOUT_SLOT] {
        count.0.store(0, Relaxed);
    }
}
