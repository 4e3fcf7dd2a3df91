//! The calls into libc, and errno.
//!
//! This module is the only one that calls the C library, and with `layout.rs` the only one with
//! `cfg` ladders. It never makes a raw system call to wait: glibc's and musl's waits are
//! cancellation points and are what sanitizers and interposers wrap, and a raw call would be
//! neither (and is not faster).
//!
//! The surprising thing: nothing here retries `EINTR` and nothing touches errno on success.

use crate::layout::Event;
use libc::{c_int, sigset_t};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;

mod cancellation;
mod pwait2;
mod signals;
mod thread;
pub(crate) use cancellation::uncancelled;
pub(crate) use pwait2::epoll_pwait2;
pub(crate) use signals::{block_signals, restore_signals};
pub(crate) use thread::this_thread;

#[cfg(not(all(target_env = "musl", target_pointer_width = "32")))]
pub use libc::timespec as Timespec;

/// The C library's `struct timespec`: since musl 1.2 it has a 64-bit `time_t` on 32-bit targets,
/// which the `libc` crate does not follow yet. `tv_nsec` is a `long` padded to 64 bits; start from
/// all zeroes ([`std::mem::zeroed`]).
#[cfg(all(target_env = "musl", target_pointer_width = "32"))]
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Timespec {
    /// Seconds.
    pub tv_sec: i64,
    #[cfg(target_endian = "big")]
    padding: i32,
    /// Nanoseconds, 0 to 999999999.
    pub tv_nsec: i32,
    #[cfg(target_endian = "little")]
    padding: i32,
}

/// A `Timespec` of seconds and nanoseconds. Seconds that do not fit become the largest that do.
pub(crate) fn timespec(seconds: u64, nanoseconds: u32) -> Timespec {
    // SAFETY: a timespec is made of integers, for which all zeroes is a value.
    let mut time: Timespec = unsafe { std::mem::zeroed() };
    // time_t is signed: all ones shifted right by one is its maximum, whatever its width.
    let max = (u64::MAX >> 1) >> (64 - 8 * size_of_val(&time.tv_sec));
    time.tv_sec = seconds.min(max) as _;
    time.tv_nsec = nanoseconds as _;
    time
}

#[cfg(target_os = "android")]
use libc::__errno as errno_location;
#[cfg(target_os = "linux")]
use libc::__errno_location as errno_location;

/// The calling thread's errno.
pub(crate) fn errno() -> c_int {
    // SAFETY: the C library returns a valid pointer to this thread's errno, for as long as the
    // thread lives (errno(3)).
    unsafe { *errno_location() }
}

/// Sets the calling thread's errno.
pub(crate) fn set_errno(value: c_int) {
    // SAFETY: as in `errno`; no reference to it exists.
    unsafe { *errno_location() = value }
}

/// -1 becomes the error in errno, everything else is passed on.
#[inline]
pub(crate) fn check(result: c_int) -> io::Result<c_int> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

// Below: the calls of the Rust API, safe for every argument.

/// epoll_create1(2), owning the result.
pub(crate) fn create(flags: c_int) -> io::Result<OwnedFd> {
    let fd = check(epoll_create1(flags))?;
    // SAFETY: the kernel has just made this descriptor for us; nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// epoll_ctl(2) with an event of our own, or none.
#[inline]
pub(crate) fn ctl(epfd: c_int, op: c_int, fd: c_int, mut event: Option<Event>) -> io::Result<()> {
    let event = event.as_mut().map_or(ptr::null_mut(), ptr::from_mut);
    // SAFETY: `event` is null or points to an event that lives through the call.
    check(unsafe { epoll_ctl(epfd, op, fd, event) })?;
    Ok(())
}

/// epoll_wait(2). The first so many events are initialised as it returns.
#[inline]
pub(crate) fn wait(
    epfd: c_int,
    events: &mut [MaybeUninit<Event>],
    timeout: c_int,
) -> io::Result<usize> {
    // SAFETY: `events` is writable for `maxevents(events)` events, and ours alone.
    let written =
        check(unsafe { epoll_wait(epfd, events.as_mut_ptr().cast(), maxevents(events), timeout) })?;
    Ok(written as usize)
}

/// epoll_pwait2(2). The first so many events are initialised as it returns.
pub(crate) fn pwait2(
    epfd: c_int,
    events: &mut [MaybeUninit<Event>],
    timeout: Option<&Timespec>,
    sigmask: Option<&sigset_t>,
) -> io::Result<usize> {
    let array = events.as_mut_ptr().cast();
    let timeout = timeout.map_or(ptr::null(), ptr::from_ref);
    let sigmask = sigmask.map_or(ptr::null(), ptr::from_ref);
    // SAFETY: as in `wait`; `timeout` and `sigmask` are null or live through the call.
    let written = check(unsafe { epoll_pwait2(epfd, array, maxevents(events), timeout, sigmask) })?;
    Ok(written as usize)
}

/// eventfd(2): closed on exec, never blocking.
pub(crate) fn eventfd() -> io::Result<OwnedFd> {
    // SAFETY: takes integers, validated by the kernel.
    let fd = check(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })?;
    // SAFETY: the kernel has just made this descriptor for us; nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Adds one to an eventfd. It fails only if the counter is full, and then it is readable anyway.
pub(crate) fn signal(eventfd: BorrowedFd<'_>) {
    let one = 1_u64;
    // SAFETY: the kernel reads 8 bytes from `one`, which lives through the call.
    unsafe { libc::write(eventfd.as_raw_fd(), (&raw const one).cast(), size_of::<u64>()) };
}

/// The length of an event array, cut to the most that the kernel takes (`EP_MAX_EVENTS` in
/// `fs/eventpoll.c`).
#[inline]
fn maxevents(events: &[MaybeUninit<Event>]) -> c_int {
    events.len().min(c_int::MAX as usize / size_of::<Event>()) as c_int
}

// Below: the calls of the C ABI, with libc's own arguments.

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
