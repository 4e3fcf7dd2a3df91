//! The calls of the C ABI, with libc's own arguments: one line each, nothing checked, nothing retried.
//!
//! `epoll_pwait2`, which not every C library has, is in `pwait2.rs`.

use crate::layout::Event;
use libc::{c_int, sigset_t};

/// epoll_create1(2).
pub(crate) fn epoll_create1(flags: c_int) -> c_int {
    // SAFETY: takes an integer, validated by the kernel.
    unsafe { libc::epoll_create1(flags) }
}

/// epoll_ctl(2).
///
/// # Safety
///
/// `event` may be any pointer: the kernel reads it with a checked copy and reports EFAULT. That
/// the bytes read mean what the caller thinks is all that is at stake.
#[inline]
pub(crate) unsafe fn epoll_ctl(epfd: c_int, op: c_int, fd: c_int, event: *mut Event) -> c_int {
    // SAFETY: libc passes its arguments to the kernel, which validates each (epoll_ctl(2));
    // `Event` is proved to be libc's epoll_event in `proof.rs`.
    unsafe { libc::epoll_ctl(epfd, op, fd, event.cast()) }
}

/// epoll_wait(2). A cancellation point.
///
/// # Safety
///
/// If `events` is writable for `maxevents` events, nothing else may use that memory during the
/// call. Any other pointer is reported by the kernel as EFAULT.
#[inline]
pub(crate) unsafe fn epoll_wait(
    epfd: c_int,
    events: *mut Event,
    maxevents: c_int,
    timeout: c_int,
) -> c_int {
    // SAFETY: the kernel writes at most `maxevents` events with a checked copy; the caller keeps
    // other users away. Layout as in `epoll_ctl`.
    unsafe { libc::epoll_wait(epfd, events.cast(), maxevents, timeout) }
}

/// epoll_pwait(2). A cancellation point.
///
/// # Safety
///
/// As [`epoll_wait`]; `sigmask` is null or any pointer, read by the kernel with a checked copy.
pub(crate) unsafe fn epoll_pwait(
    epfd: c_int,
    events: *mut Event,
    maxevents: c_int,
    timeout: c_int,
    sigmask: *const sigset_t,
) -> c_int {
    // SAFETY: as in `epoll_wait`; the kernel validates `sigmask`.
    unsafe { libc::epoll_pwait(epfd, events.cast(), maxevents, timeout, sigmask) }
}

/// close(2).
///
/// # Safety
///
/// The caller gives up the descriptor: nothing else may own it (I/O safety).
pub(crate) unsafe fn close(fd: c_int) -> c_int {
    // SAFETY: takes an integer, validated by the kernel; ownership is the caller's proof.
    unsafe { libc::close(fd) }
}
