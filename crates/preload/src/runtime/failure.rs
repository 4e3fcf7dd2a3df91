//! The end of the checking: when the checker fails, it is switched off, and the program lives on.
//!
//! Owns whether the checker has failed, and the panic that tests ask for. It writes nothing itself:
//! the report lies above this wing, so the function that tells the user is registered at the start.
//!
//! Surprising: all signals are blocked while the checker is switched off. A handler that left by
//! siglongjmp(3) in between would leave it half switched off.

use crate::runtime::{heap, pages, signals, watched};
use std::panic::{self, AssertUnwindSafe};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst, fence};

/// Counts down to the panic of `panic_after`; 0: none.
static PANIC_AFTER: AtomicU64 = AtomicU64::new(0);
/// `panic_in_monitor`.
static PANICS_IN_MONITOR: AtomicBool = AtomicBool::new(false);
/// The checker failed.
static HAS_FAILED: AtomicBool = AtomicBool::new(false);
/// Tells the user why the checker failed.
static REPORT: OnceLock<Report> = OnceLock::new();
/// Gives memory back.
static RELEASE: OnceLock<fn()> = OnceLock::new();

/// How the user is told why the checker failed.
#[derive(Debug)]
pub struct Report {
    /// Notes why.
    pub note: fn(&'static str),
    /// Says what is noted, once.
    pub say: fn(),
}

/// Before the checking starts. `report` tells the user why the checker failed; `release` gives back what the
/// program is short of, the memory of the books.
pub fn prepare(report: Report, release: fn()) {
    let _ = REPORT.set(report);
    let _ = RELEASE.set(release);
    // The default hook would format, take locks and write through our own `write`.
    panic::set_hook(Box::new(|_| {}));
}

/// For tests: the book-keeping of the N-th call panics, or the monitor thread.
pub fn panic_after(calls: Option<u64>, in_monitor: bool) {
    PANIC_AFTER.store(calls.unwrap_or(0), Relaxed);
    PANICS_IN_MONITOR.store(in_monitor, Relaxed);
}

/// Whether the checker failed: what is in the model may be half changed.
pub fn has_failed() -> bool {
    // A thread that has seen that checking is off also sees why.
    fence(SeqCst);
    HAS_FAILED.load(Relaxed)
}

/// Switches the checker off, once, and reports why. The program goes on without it.
pub fn give_up(why: &'static str) {
    signals::with_all_blocked(|| {
        if watched::is_checking() && !HAS_FAILED.swap(true, SeqCst) {
            // In this order: a thread that ends the program, and finds the checker off, says the rest.
            let report = REPORT.get();
            report.inspect(|report| (report.note)(why));
            watched::stop_checking();
            report.inspect(|report| (report.say)());
        }
    });
}

/// Gives up where memory is out. To be called by a thread that holds no lock.
///
/// Kept is what another thread may be using: the slots of descriptors, the monitor thread's own memory, the
/// blocks of a report that is being written; and a little for the end of the report.
pub fn give_up_without_memory() {
    if pages::is_out() && watched::is_checking() {
        give_up("memory is out");
        if let Some(release) = RELEASE.get() {
            release();
        }
        heap::release();
    }
}

/// Does the work; a panic in it ends the checking, and nothing else.
pub fn contain(work: impl FnOnce()) {
    if panic::catch_unwind(AssertUnwindSafe(work)).is_err() {
        give_up("this is a bug of epshim");
    }
}

/// Panics in the N-th call that is recorded, where `panic_after=N` asks for it.
pub fn panic_when_due() {
    if PANIC_AFTER.load(Relaxed) > 0 && PANIC_AFTER.fetch_sub(1, Relaxed) == 1 {
        panic!("asked for by panic_after");
    }
}

/// Panics in the monitor thread, where `panic_in_monitor=1` asks for it.
pub fn panic_in_monitor_when_asked() {
    if PANICS_IN_MONITOR.load(Relaxed) {
        panic!("asked for by panic_in_monitor");
    }
}
