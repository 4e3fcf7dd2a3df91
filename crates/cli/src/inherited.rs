//! What this process was started with, and what Rust's runtime changes of it before `main`: it ignores
//! SIGPIPE, and opens /dev/null where one of the descriptors 0 to 2 is closed.
//!
//! A constructor looks before the runtime starts. It changes nothing, and neither does this module: what
//! `check` and `run` give back to their program is said in `launch/unchanged.rs`.

use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

static IGNORED_SIGPIPE: AtomicBool = AtomicBool::new(false);
static WAS_CLOSED: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];

/// The loader calls it among the program's constructors, before Rust's runtime starts.
#[used]
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = look;

extern "C" fn look() {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: sigaction(2) only fills in the structure, and all zeros are a valid one too.
    let action = unsafe {
        libc::sigaction(libc::SIGPIPE, ptr::null(), action.as_mut_ptr());
        action.assume_init()
    };
    IGNORED_SIGPIPE.store(action.sa_sigaction == libc::SIG_IGN, Relaxed);
    for (number, was_closed) in (0..).zip(&WAS_CLOSED) {
        // SAFETY: reads a flag of a number, and fails where that is no descriptor.
        was_closed.store(unsafe { libc::fcntl(number, libc::F_GETFD) } == -1, Relaxed);
    }
}

/// Whether SIGPIPE was ignored.
pub fn ignored_sigpipe() -> bool {
    IGNORED_SIGPIPE.load(Relaxed)
}

/// Whether a descriptor from 0 to 2 was closed.
pub fn was_closed(number: usize) -> bool {
    WAS_CLOSED[number].load(Relaxed)
}
