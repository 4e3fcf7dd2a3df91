//! The signals that are ignored and blocked, and the descriptors 0 to 2 that are closed, as the caller left
//! them. A service manager may start its services with SIGPIPE ignored; one that runs under `epshim check`
//! must not die of that signal.
//!
//! Rust's runtime ignores SIGPIPE before `main` and opens /dev/null where a descriptor is closed; std's exec
//! sets SIGPIPE, and the mask, to their defaults. What all of it was is known from `inherited.rs`, and it
//! is so again just before the exec. No handler is installed, and no other signal is touched.

use crate::inherited;
use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::ptr;

/// Makes the command's exec leave signals and descriptors as they were when this process started.
pub fn keep(command: &mut Command) {
    let mut mask = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: sigprocmask only fills in the set, and all zeros are a valid one too. The closure runs
    // between std's own preparations and the exec, in this process, and only makes system calls. The
    // descriptors that it closes are the runtime's; what writes to one after that is an exec that fails.
    unsafe {
        libc::sigprocmask(libc::SIG_SETMASK, ptr::null(), mask.as_mut_ptr());
        let mask = mask.assume_init();
        command.pre_exec(move || {
            if inherited::ignored_sigpipe() {
                libc::signal(libc::SIGPIPE, libc::SIG_IGN);
            }
            libc::sigprocmask(libc::SIG_SETMASK, &raw const mask, ptr::null_mut());
            for number in inherited::closed() {
                libc::close(number);
            }
            Ok(())
        });
    }
}
