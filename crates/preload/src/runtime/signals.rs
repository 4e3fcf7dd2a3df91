//! Work with all signals blocked in the calling thread: no handler of the program's interrupts it.
//!
//! libc keeps two signals for itself, which pthread_sigmask(3) does not block; libc sends them to
//! single threads, and never to a child.

use crate::runtime::sandbox::{self, Call};
use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::ptr;

/// Does the work with all signals blocked in this thread. `None`: they cannot be blocked, and the
/// work was not begun.
///
/// In a sandbox they cannot be blocked, and it is done all the same.
pub fn with_all_blocked<R>(work: impl FnOnce() -> R) -> Option<R> {
    if !sandbox::may(Call::Signals) {
        return Some(work());
    }
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

/// Does the work with all signals blocked, and drops what its writing raises in this thread: SIGPIPE, where
/// the reader has ended, and SIGXFSZ. They are not the program's.
pub fn without_those_of_writing<R>(work: impl FnOnce() -> R) -> Option<R> {
    const RAISED: [c_int; 2] = [libc::SIGPIPE, libc::SIGXFSZ];
    if !sandbox::may(Call::Signals) {
        return Some(work());
    }
    with_all_blocked(|| {
        let before = RAISED.map(is_pending);
        let result = work();
        for (signal, was_pending) in RAISED.into_iter().zip(before) {
            if !was_pending && is_pending(signal) {
                drop_pending(signal);
            }
        }
        result
    })
}

/// What SIGPIPE does, where a write of this thread raises it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sigpipe {
    /// It is ignored or handled; or that cannot be asked.
    Harmless,
    /// This thread blocks it.
    Blocked,
    /// It ends the program.
    Ends,
}

/// What it does.
pub fn sigpipe() -> Sigpipe {
    if !sandbox::may(Call::Signals) {
        return Sigpipe::Harmless;
    }
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    let mut blocked = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: both are valid as zeros, and the calls only fill them in.
    unsafe {
        libc::sigaction(libc::SIGPIPE, ptr::null(), action.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), blocked.as_mut_ptr());
        if action.assume_init().sa_sigaction != libc::SIG_DFL {
            Sigpipe::Harmless
        } else if libc::sigismember(blocked.as_ptr(), libc::SIGPIPE) == 1 {
            Sigpipe::Blocked
        } else {
            Sigpipe::Ends
        }
    }
}

/// A signal whose handler would interrupt a call of this thread, and that nothing but a handler takes notice of: its
/// default is to be ignored (signal(7)). One of SIGCHLD expects children that stop and go on too, as without
/// SA_NOCLDSTOP, and may find none.
pub fn interrupting() -> Option<c_int> {
    const IGNORED: [c_int; 4] = [libc::SIGWINCH, libc::SIGURG, libc::SIGCONT, libc::SIGCHLD];
    if !sandbox::may(Call::Signals) {
        return None;
    }
    let mut blocked = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: valid as zeros, and the call only fills it in.
    let blocked = unsafe {
        libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), blocked.as_mut_ptr());
        blocked.assume_init()
    };
    IGNORED.into_iter().find(|&signal| {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: valid as zeros, and the call only fills it in; the set is one that was written.
        let (action, is_blocked) = unsafe {
            libc::sigaction(signal, ptr::null(), action.as_mut_ptr());
            (action.assume_init(), libc::sigismember(&raw const blocked, signal) == 1)
        };
        let has_handler = ![libc::SIG_DFL, libc::SIG_IGN].contains(&action.sa_sigaction);
        let forbidden = if signal == libc::SIGCHLD { libc::SA_NOCLDSTOP } else { 0 };
        has_handler && action.sa_flags & (libc::SA_RESTART | forbidden) == 0 && !is_blocked
    })
}

fn is_pending(signal: c_int) -> bool {
    let mut pending = MaybeUninit::uninit();
    // SAFETY: the call writes the set, and it is read only if it has.
    unsafe {
        libc::sigpending(pending.as_mut_ptr()) == 0
            && libc::sigismember(pending.as_ptr(), signal) == 1
    }
}

/// Takes a signal that is pending, without waiting for one.
fn drop_pending(signal: c_int) {
    let mut only = MaybeUninit::uninit();
    let no_time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: sigemptyset writes the set; nothing is asked of the signal that is taken.
    unsafe {
        libc::sigemptyset(only.as_mut_ptr());
        libc::sigaddset(only.as_mut_ptr(), signal);
        libc::sigtimedwait(only.as_ptr(), ptr::null_mut(), &raw const no_time);
    }
}

/// Restores the signal mask, after a panic too.
struct Restored(libc::sigset_t);

impl Drop for Restored {
    fn drop(&mut self) {
        // SAFETY: a set that pthread_sigmask has written.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, ptr::null_mut()) };
    }
}
