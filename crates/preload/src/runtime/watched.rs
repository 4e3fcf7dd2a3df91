//! The variables that the hooks read before they report a call: `hooks/watched.c`.
//!
//! Owns a bit for each descriptor, and six switches: whether calls are reported at all, whether a hazard is
//! announced (`questions/hazard.rs`), during which the hooks report every close, whether a write was ever
//! short, before which no thread waits for room, whether SIGPIPE was seen to be harmless, after which no write
//! is reported for it, and whether the program's language has lines; and which numbers were ever watched,
//! without which poll and select are nothing to the hooks; and whether faults are made. A hook reads these variables without a call, so
//! that a program that is not checked pays a load and a test.

use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};

/// Descriptors at and above this number are not watched. `WATCHABLE` in the hooks' header.
pub const WATCHABLE: usize = 1 << 20;

const WORD_BITS: usize = usize::BITS as usize;

unsafe extern "C" {
    // An array of C's `_Atomic unsigned long`, which on Linux is as wide as a pointer, an unsigned number,
    // and six `_Atomic bool`: the same as Rust's atomics in memory.
    safe static epshim_watched: [AtomicUsize; WATCHABLE / WORD_BITS];
    safe static epshim_watched_end: AtomicU32;
    safe static epshim_any_unwritten: AtomicBool;
    safe static epshim_sigpipe_is_harmless: AtomicBool;
    safe static epshim_has_lines: AtomicBool;
    safe static epshim_checking: AtomicBool;
    safe static epshim_hazard: AtomicBool;
    safe static epshim_chaos: AtomicBool;
}

/// From now on the hooks report every close, those of descriptors that are not watched too.
pub fn start_hazard() {
    epshim_hazard.store(true, SeqCst);
}

/// From now on the hooks report the closes of watched descriptors only.
pub fn stop_hazard() {
    epshim_hazard.store(false, SeqCst);
}

/// Whether the hooks ask for faults.
pub fn is_chaos() -> bool {
    epshim_chaos.load(Relaxed)
}

/// From now on they do, or no longer.
pub fn set_chaos(is_on: bool) {
    epshim_chaos.store(is_on, SeqCst);
}

/// Whether the hooks report calls.
pub fn is_checking() -> bool {
    epshim_checking.load(Relaxed)
}

/// From now on the hooks report calls.
pub fn start_checking() {
    epshim_checking.store(true, Relaxed);
}

/// From now on the hooks report nothing, and forward every call.
pub fn stop_checking() {
    epshim_checking.store(false, SeqCst);
    set_chaos(false);
    epshim_has_lines.store(false, Relaxed);
    epshim_watched_end.store(0, Relaxed);
    for word in &epshim_watched {
        // A page that was never written stays unwritten.
        if word.load(Relaxed) != 0 {
            word.store(0, Relaxed);
        }
    }
}

/// From now on the hooks report what is done with this descriptor, or no longer do.
pub fn watch(fd: c_int, is_watched: bool) {
    let Some(fd) = usize::try_from(fd).ok().filter(|&fd| fd < WATCHABLE) else { return };
    let bit = 1 << (fd % WORD_BITS);
    let word = &epshim_watched[fd / WORD_BITS];
    if is_watched {
        word.fetch_or(bit, Relaxed);
        // Other processors read it all the time: it is written when it changes.
        let end = fd as u32 + 1;
        if epshim_watched_end.load(Relaxed) < end {
            epshim_watched_end.fetch_max(end, Relaxed);
        }
    } else {
        word.fetch_and(!bit, Relaxed);
    }
}

/// From now on the hooks report every socket that is made.
pub fn report_sockets() {
    epshim_has_lines.store(true, Relaxed);
}

/// From now on the hooks report waits for room in poll and select.
pub fn left_unwritten() {
    if !epshim_any_unwritten.load(Relaxed) {
        epshim_any_unwritten.store(true, Relaxed);
    }
}

/// From now on the hooks do not report writes that SIGPIPE may follow.
pub fn sigpipe_is_harmless() {
    epshim_sigpipe_is_harmless.store(true, Relaxed);
}
