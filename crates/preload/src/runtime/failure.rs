//! The end of the checking: when the checker fails, it is switched off, and the program lives on.
//!
//! Owns whether the checker has failed, and the panic that tests ask for. It writes nothing itself:
//! the report lies above this wing, so the function that tells the user is registered at the start.
//!
//! Surprising: all signals are blocked while the checker is switched off. A handler that left by
//! siglongjmp(3) in between would leave it half switched off.

use crate::runtime::{signals, watched};
use std::panic::{self, AssertUnwindSafe};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// Counts down to the panic of `panic_after`; 0: none.
static PANIC_AFTER: AtomicU64 = AtomicU64::new(0);
/// `panic_in_monitor`.
static PANICS_IN_MONITOR: AtomicBool = AtomicBool::new(false);
/// The checker failed.
static HAS_FAILED: AtomicBool = AtomicBool::new(false);
/// Tells the user why the checker failed.
static REPORT: OnceLock<fn(&'static str)> = OnceLock::new();

/// Before the checking starts. `report` tells the user why the checker failed.
pub fn prepare(panic_after: Option<u64>, panics_in_monitor: bool, report: fn(&'static str)) {
    PANICS_IN_MONITOR.store(panics_in_monitor, Relaxed);
    PANIC_AFTER.store(panic_after.unwrap_or(0), Relaxed);
    let _ = REPORT.set(report);
    // The default hook would format, take locks and write through our own `write`.
    panic::set_hook(Box::new(|_| {}));
}

/// Whether the checker failed: what is in the model may be half changed.
pub fn has_failed() -> bool {
    HAS_FAILED.load(Relaxed)
}

/// Switches the checker off, once, and reports why. The program goes on without it.
pub fn give_up(why: &'static str) {
    signals::with_all_blocked(|| {
        if watched::stop_checking() {
            HAS_FAILED.store(true, Relaxed);
            if let Some(report) = REPORT.get() {
                report(why);
            }
        }
    });
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
