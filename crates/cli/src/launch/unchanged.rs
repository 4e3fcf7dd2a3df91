//! The signals that are ignored and blocked, as the caller left them. A service manager may start its
//! services with SIGPIPE ignored; one that runs under `epshim check` must not die of that signal.
//!
//! Rust's runtime ignores SIGPIPE before `main`, and std's exec sets it, and the mask, to their
//! defaults. What they were is known from `inherited.rs`, and they are set again just before the exec. No
//! handler is installed, and no other signal is touched.

use crate::inherited;
use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::ptr;

/// Makes the command's exec leave the signals as they were when this process started.
pub fn keep(command: &mut Command) {
    let mut mask = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: sigprocmask only fills in the set, and all zeros are a valid one too. The closure runs
    // between std's own preparations and the exec, in this process, and makes two system calls.
    unsafe {
        libc::sigprocmask(libc::SIG_SETMASK, ptr::null(), mask.as_mut_ptr());
        let mask = mask.assume_init();
        command.pre_exec(move || {
            if inherited::ignored_sigpipe() {
                libc::signal(libc::SIGPIPE, libc::SIG_IGN);
            }
            libc::sigprocmask(libc::SIG_SETMASK, &raw const mask, ptr::null_mut());
            Ok(())
        });
    }
}
