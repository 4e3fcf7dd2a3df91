//! The signals that are ignored and blocked, as the caller left them. A service manager may start its
//! services with SIGPIPE ignored; one that runs under `epshim check` must not die of that signal.
//!
//! Rust's runtime ignores SIGPIPE before `main`, and std's exec sets it, and the mask, to their
//! defaults. So a constructor remembers them before the runtime starts, and they are set again just before
//! the exec. No handler is installed, and no other signal is touched.

use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

static WAS_IGNORED: AtomicBool = AtomicBool::new(false);

/// The loader calls it among the program's constructors, before Rust's runtime starts.
#[used]
#[unsafe(link_section = ".init_array")]
static REMEMBER: extern "C" fn() = remember;

extern "C" fn remember() {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: sigaction(2) only fills in the structure, and all zeros are a valid one too.
    let action = unsafe {
        libc::sigaction(libc::SIGPIPE, ptr::null(), action.as_mut_ptr());
        action.assume_init()
    };
    WAS_IGNORED.store(action.sa_sigaction == libc::SIG_IGN, Relaxed);
}

/// Makes the command's exec leave the signals as they were when this process started.
pub fn keep(command: &mut Command) {
    let mut mask = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: likewise. The closure runs between std's own preparations and the exec, in this
    // process, and makes two system calls.
    unsafe {
        libc::sigprocmask(libc::SIG_SETMASK, ptr::null(), mask.as_mut_ptr());
        let mask = mask.assume_init();
        command.pre_exec(move || {
            if WAS_IGNORED.load(Relaxed) {
                libc::signal(libc::SIGPIPE, libc::SIG_IGN);
            }
            libc::sigprocmask(libc::SIG_SETMASK, &raw const mask, ptr::null_mut());
            Ok(())
        });
    }
}
