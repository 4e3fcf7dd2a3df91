//! The signals that are ignored and blocked, as the caller left them: a service manager starts its
//! services with SIGPIPE ignored, and they must not die of it because they are watched.
//!
//! Rust's runtime ignores SIGPIPE before `main`, and has an exec set it, and the mask, to their
//! defaults. So they are looked at before the runtime starts, and set again just before the exec.

use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

static WAS_IGNORED: AtomicBool = AtomicBool::new(false);

/// The loader calls it with the program's constructors, before the runtime.
#[used]
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = look;

extern "C" fn look() {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: it is only asked for, and filled in; all zeros are valid too.
    let action = unsafe {
        libc::sigaction(libc::SIGPIPE, ptr::null(), action.as_mut_ptr());
        action.assume_init()
    };
    WAS_IGNORED.store(action.sa_sigaction == libc::SIG_IGN, Relaxed);
}

/// Has the command's exec leave them as they were.
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
