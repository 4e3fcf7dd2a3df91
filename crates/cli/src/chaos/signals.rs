//! SIGINT, SIGTERM and SIGHUP wait while the folder of a run is there (`scratch.rs`): they are asked for between
//! two looks at the program, which is then ended too.

use std::mem::MaybeUninit;

/// The signal that waits to end this command, if there is one.
pub fn waiting() -> Option<i32> {
    let mut pending = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: the call fills in the set, and all zeros are a valid one too.
    let pending = unsafe {
        libc::sigpending(pending.as_mut_ptr());
        pending.assume_init()
    };
    let signals = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];
    // SAFETY: a set that sigpending has written.
    signals
        .into_iter()
        .find(|&signal| unsafe { libc::sigismember(&raw const pending, signal) } == 1)
}
