//! Chaos that makes no fault (`rate=0`): the runs that others are held against. Of each call site it needs one call,
//! to know which faults there could be; else it counts what moves, without the lock of the books.

use crate::chaos::writing;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

static IS_IDLE: AtomicBool = AtomicBool::new(false);
/// The call sites that were seen last, by the bits of their addresses that differ.
static SEEN: [AtomicUsize; 256] = [const { AtomicUsize::new(0) }; 256];

/// No fault is ever made in this process.
pub fn start() {
    IS_IDLE.store(true, Relaxed);
}

/// Whether that is so.
pub fn is_idle() -> bool {
    IS_IDLE.load(Relaxed)
}

/// Whether there is nothing to do for a call from this site.
pub fn has_seen(site: usize) -> bool {
    is_idle() && place(site).load(Relaxed) == site
}

/// What there could be at this site is written down.
pub fn sees(site: usize) {
    place(site).store(site, Relaxed);
}

fn place(site: usize) -> &'static AtomicUsize {
    &SEEN[(site ^ site >> 8) % SEEN.len()]
}

/// So many bytes have moved.
pub fn moves(amount: u64) {
    if let (true, Some(ledger)) = (amount > 0, writing::ledger()) {
        ledger.moves(amount);
    }
}
