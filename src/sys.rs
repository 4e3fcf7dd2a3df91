//! The calls into libc: here those of the Rust API, safe for every argument; in `calls.rs` those of the C
//! ABI, with libc's own.
//!
//! This module is the only one that calls the C library, and with `layout.rs` the only one with
//! `cfg` ladders. It never makes a raw system call to wait: glibc's and musl's waits are
//! cancellation points and are what sanitizers and interposers wrap, and a raw call would be
//! neither (and is not faster).
//!
//! The surprising thing: nothing here retries `EINTR` and nothing touches errno on success.

use crate::layout::Event;
use core::mem::MaybeUninit;
use core::ptr;
use libc::{c_int, sigset_t};

mod calls;
mod cancellation;
#[cfg(any(test, not(feature = "std")))]
#[cfg_attr(feature = "std", allow(dead_code, reason = "tested with either"))]
mod clock;
mod errno;
mod fd;
mod pwait2;
mod signals;
mod thread;
mod time;
pub(crate) use calls::{close, epoll_create1, epoll_ctl, epoll_pwait, epoll_wait};
pub(crate) use cancellation::uncancelled;
#[cfg(not(feature = "std"))]
pub(crate) use clock::Instant;
pub(crate) use errno::{Errno, Result, errno, set_errno};
pub(crate) use fd::Fd;
pub(crate) use pwait2::epoll_pwait2;
pub(crate) use signals::{block_signals, restore_signals};
#[cfg(feature = "std")]
pub(crate) use std::time::Instant;
pub(crate) use thread::this_thread;
pub use time::Timespec;
pub(crate) use time::timespec;

/// -1 becomes the error in errno, everything else is passed on.
#[inline]
pub(crate) fn check(result: c_int) -> Result<c_int> {
    if result == -1 { Err(Errno(errno())) } else { Ok(result) }
}

/// epoll_create1(2), owning the result.
pub(crate) fn create(flags: c_int) -> Result<Fd> {
    let fd = check(epoll_create1(flags))?;
    // SAFETY: the kernel has just made this descriptor for us; no other code knows it.
    Ok(unsafe { Fd::owning(fd) })
}

/// epoll_ctl(2) with an event of our own, or none.
#[inline]
pub(crate) fn ctl(epfd: c_int, op: c_int, fd: c_int, mut event: Option<Event>) -> Result<()> {
    let event = event.as_mut().map_or(ptr::null_mut(), ptr::from_mut);
    // SAFETY: `event` is null or points to an event that lives through the call.
    check(unsafe { epoll_ctl(epfd, op, fd, event) })?;
    Ok(())
}

/// epoll_wait(2). As many events as it returns, from the first on, are initialised.
#[inline]
pub(crate) fn wait(
    epfd: c_int,
    events: &mut [MaybeUninit<Event>],
    timeout: c_int,
) -> Result<usize> {
    // SAFETY: `events` is writable for `maxevents(events)` events, and ours alone.
    let written =
        check(unsafe { epoll_wait(epfd, events.as_mut_ptr().cast(), maxevents(events), timeout) })?;
    Ok(written as usize)
}

/// epoll_pwait2(2). As many events as it returns, from the first on, are initialised.
pub(crate) fn pwait2(
    epfd: c_int,
    events: &mut [MaybeUninit<Event>],
    timeout: Option<&Timespec>,
    sigmask: Option<&sigset_t>,
) -> Result<usize> {
    let array = events.as_mut_ptr().cast();
    let timeout = timeout.map_or(ptr::null(), ptr::from_ref);
    let sigmask = sigmask.map_or(ptr::null(), ptr::from_ref);
    // SAFETY: as in `wait`; `timeout` and `sigmask` are null or live through the call.
    let written = check(unsafe { epoll_pwait2(epfd, array, maxevents(events), timeout, sigmask) })?;
    Ok(written as usize)
}

/// eventfd(2): closed on exec, never blocking.
pub(crate) fn eventfd() -> Result<Fd> {
    // SAFETY: takes integers, validated by the kernel.
    let fd = check(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })?;
    // SAFETY: the kernel has just made this descriptor for us; no other code knows it.
    Ok(unsafe { Fd::owning(fd) })
}

/// Adds one to an eventfd. It fails only if the counter is full, and then it is readable anyway.
pub(crate) fn signal(eventfd: &Fd) {
    let one = 1_u64;
    // SAFETY: the kernel reads 8 bytes from `one`, which lives through the call.
    unsafe { libc::write(eventfd.number(), (&raw const one).cast(), size_of::<u64>()) };
}

/// The length of an event array, cut to the most that the kernel takes (`EP_MAX_EVENTS` in
/// `fs/eventpoll.c`).
#[inline]
fn maxevents(events: &[MaybeUninit<Event>]) -> c_int {
    events.len().min(c_int::MAX as usize / size_of::<Event>()) as c_int
}

/// Ends the process (abort(3)).
pub(crate) fn abort() -> ! {
    // SAFETY: it has no arguments, and does not return.
    unsafe { libc::abort() }
}
