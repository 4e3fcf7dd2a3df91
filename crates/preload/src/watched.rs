//! The variables that the hooks look at: `hooks/watched.c`.

use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};

/// Descriptors at and above this number are not watched. `WATCHABLE` in hooks/tell.h.
pub const WATCHABLE: usize = 1 << 20;

const WORD_BITS: usize = usize::BITS as usize;

unsafe extern "C" {
    // An array of C's `_Atomic unsigned long`, which on Linux is as wide as a pointer, and two
    // `_Atomic bool`: the same as Rust's atomics in memory.
    safe static epshim_watched: [AtomicUsize; WATCHABLE / WORD_BITS];
    safe static epshim_checking: AtomicBool;
    safe static epshim_looking: AtomicBool;
}

/// From now on all closes are told of, those of descriptors that are not watched too.
pub fn start_looking() {
    epshim_looking.store(true, SeqCst);
}

/// From now on not.
pub fn stop_looking() {
    epshim_looking.store(false, SeqCst);
}

/// Whether calls are told of.
pub fn is_checking() -> bool {
    epshim_checking.load(Relaxed)
}

/// From now on they are.
pub fn start_checking() {
    epshim_checking.store(true, Relaxed);
}

/// From now on they are not, and the hooks forward everything. Returns whether they were until now.
pub fn stop_checking() -> bool {
    let were_told = epshim_checking.swap(false, Relaxed);
    for word in &epshim_watched {
        // A page that was never written stays unwritten.
        if word.load(Relaxed) != 0 {
            word.store(0, Relaxed);
        }
    }
    were_told
}

/// Has the hooks tell of what is done with this descriptor, or no longer.
pub fn watch(fd: c_int, is_watched: bool) {
    let Some(fd) = usize::try_from(fd).ok().filter(|&fd| fd < WATCHABLE) else { return };
    let bit = 1 << (fd % WORD_BITS);
    let word = &epshim_watched[fd / WORD_BITS];
    if is_watched {
        word.fetch_or(bit, Relaxed);
    } else {
        word.fetch_and(!bit, Relaxed);
    }
}
