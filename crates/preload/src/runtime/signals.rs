//! Work with all signals blocked in the calling thread: no handler of the program's interrupts it.
//!
//! libc keeps two signals for itself, which pthread_sigmask(3) does not block; libc sends them to
//! single threads, and never to a child.

use std::mem::MaybeUninit;
use std::ptr;

/// Does the work with all signals blocked in this thread. `None`: they cannot be blocked, and the
/// work was not begun.
pub fn with_all_blocked<R>(work: impl FnOnce() -> R) -> Option<R> {
    let mut all = MaybeUninit::uninit();
    let mut old = MaybeUninit::uninit();
    // SAFETY: sigfillset writes the first set, and pthread_sigmask the second unless it fails.
    let _restored = unsafe {
        libc::sigfillset(all.as_mut_ptr());
        if libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), old.as_mut_ptr()) != 0 {
            return None;
        }
        Restored(old.assume_init())
    };
    Some(work())
}

/// Restores the signal mask, after a panic too.
struct Restored(libc::sigset_t);

impl Drop for Restored {
    fn drop(&mut self) {
        // SAFETY: a set that pthread_sigmask has written.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, ptr::null_mut()) };
    }
}
