//! The functions with libc's ABI. Each is libc's own function behind another name.
//!
//! No code stands after a blocking call that the caller's cancellation would have to skip: a
//! cancelled thread is unwound through these frames, which hold nothing to drop.

use crate::layout::Event;
use crate::sys::{self, Timespec};
use libc::{c_int, sigset_t};

/// epoll_create1(2): makes an epoll instance.
#[unsafe(no_mangle)]
pub extern "C" fn epshim_create1(flags: c_int) -> c_int {
    sys::epoll_create1(flags)
}

/// epoll_ctl(2): adds, modifies or deletes a registration.
///
/// # Safety
///
/// None beyond C's: `event` is read by the kernel with a checked copy, a bad pointer is `EFAULT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epshim_ctl(epfd: c_int, op: c_int, fd: c_int, event: *mut Event) -> c_int {
    // SAFETY: passed on as it came.
    unsafe { sys::epoll_ctl(epfd, op, fd, event) }
}

/// epoll_wait(2): waits with a timeout in milliseconds.
///
/// # Safety
///
/// If `events` is writable for `maxevents` events, nothing else may use it during the call. Any
/// other pointer is `EFAULT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epshim_wait(
    epfd: c_int,
    events: *mut Event,
    maxevents: c_int,
    timeout: c_int,
) -> c_int {
    // SAFETY: passed on as it came.
    unsafe { sys::epoll_wait(epfd, events, maxevents, timeout) }
}

/// epoll_pwait(2): waits with the signal mask replaced.
///
/// # Safety
///
/// As [`epshim_wait`]; a bad `sigmask` is `EFAULT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epshim_pwait(
    epfd: c_int,
    events: *mut Event,
    maxevents: c_int,
    timeout: c_int,
    sigmask: *const sigset_t,
) -> c_int {
    // SAFETY: passed on as it came.
    unsafe { sys::epoll_pwait(epfd, events, maxevents, timeout, sigmask) }
}

/// epoll_pwait2(2): waits with a timeout in nanoseconds. Where libc or the kernel has none, the
/// timeout is rounded up to milliseconds.
///
/// # Safety
///
/// As [`epshim_wait`]; a bad `timeout` or `sigmask` is `EFAULT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epshim_pwait2(
    epfd: c_int,
    events: *mut Event,
    maxevents: c_int,
    timeout: *const Timespec,
    sigmask: *const sigset_t,
) -> c_int {
    // SAFETY: passed on as it came.
    unsafe { sys::epoll_pwait2(epfd, events, maxevents, timeout, sigmask) }
}

/// close(2).
///
/// # Safety
///
/// The descriptor must be the caller's to close.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epshim_close(epfd: c_int) -> c_int {
    // SAFETY: passed on as it came.
    unsafe { sys::close(epfd) }
}
