//! Holding signals back from this thread for a moment.
//!
//! Not those that a fault raises: blocked, they would end the process without their handler.
//!
//! The surprising thing: `pthread_sigmask` returns its error and leaves errno alone, and with these
//! arguments it has none.

use core::mem::MaybeUninit;
use core::ptr;
use libc::{c_int, sigset_t};

const OF_FAULTS: [c_int; 6] =
    [libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGSEGV, libc::SIGSYS, libc::SIGTRAP];

/// Blocks signals, and returns the mask that there was.
pub(crate) fn block_signals() -> sigset_t {
    let mut all = MaybeUninit::uninit();
    let mut before = MaybeUninit::uninit();
    // SAFETY: sigfillset initialises the whole set, and pthread_sigmask, which cannot fail here
    // (pthread_sigmask(3): only an unknown `how`), the other one.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        for signal in OF_FAULTS {
            libc::sigdelset(all.as_mut_ptr(), signal);
        }
        libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), before.as_mut_ptr());
        before.assume_init()
    }
}

/// Gives the thread the mask that [`block_signals`] returned.
pub(crate) fn restore_signals(before: &sigset_t) {
    // SAFETY: reads a set, which lives through the call.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before, ptr::null_mut()) };
}
