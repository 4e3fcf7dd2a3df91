//! The reactor for C: callbacks behind handles. `include/epshim.h` has the contract.
//!
//! These are the functions; `user.rs` has the reactor itself, and who may use it when.
//!
//! The surprising thing: `write` and `close` are cancellation points too, so the calls that make
//! them hold cancellation off, as a run does: callbacks cannot be unwound through.

#[cfg(test)]
mod tests;
mod user;

pub use user::{CReactor, Callback};

use crate::memory;
use crate::reactor::{Core, Key, Waker};
use crate::sys::{self, Errno, Instant, Result, uncancelled};
use alloc::boxed::Box;
use core::time::Duration;
use libc::{c_int, c_void};
use user::{Inside, Run, Target, error, give_up, running, shared_waker, with};

/// Creates a reactor and writes it to `out`.
///
/// # Safety
///
/// `out` is null or writable for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epshim_reactor_new(out: *mut *mut CReactor) -> c_int {
    let new = || {
        if out.is_null() {
            return Err(error(libc::EFAULT));
        }
        // On failure what was opened is closed.
        let reactor = uncancelled(|| memory::boxed(CReactor::new(Core::new()?)))?;
        // SAFETY: not null, and so writable by the caller's contract.
        unsafe { out.write_unaligned(Box::into_raw(reactor)) };
        Ok(())
    };
    call(new)
}

/// Frees a reactor; null is left alone. `EBUSY` while it runs, in a callback.
///
/// # Safety
///
/// `reactor` is null or a reactor, and no thread uses it during this call or later.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epshim_reactor_free(reactor: *mut CReactor) -> c_int {
    let free = || {
        // SAFETY: not null, and so a reactor by the caller's contract.
        unsafe { give_up(reactor) }?;
        // SAFETY: made by `epshim_reactor_new`, and given up: by the caller's contract no thread
        // uses it now or later.
        uncancelled(|| drop(unsafe { Box::from_raw(reactor) }));
        Ok(())
    };
    if reactor.is_null() { 0 } else { call(free) }
}

/// Registers `fd`, or with -1 and no events something that only has a timer.
///
/// # Safety
///
/// `reactor` is null or a reactor; `handle` is null or writable. Calling `callback` with `data`
/// must be sound as long as the registration lasts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epshim_reactor_add(
    reactor: *mut CReactor,
    fd: c_int,
    events: u32,
    callback: Option<Callback>,
    data: *mut c_void,
    handle: *mut u64,
) -> c_int {
    let add = |inside: &mut Inside| {
        let callback = callback.ok_or_else(|| error(libc::EFAULT))?;
        let fd = if fd == -1 && events == 0 { None } else { Some(fd) };
        let target = Target { callback, data };
        let key = inside.core.add(fd, events, target).map_err(|(error, _)| error)?;
        if !handle.is_null() {
            // SAFETY: not null, and so writable by the caller's contract.
            unsafe { handle.write_unaligned(key.0) };
        }
        Ok(())
    };
    // SAFETY: null or a reactor by the caller's contract.
    call(|| unsafe { with(reactor, add) })
}

/// Asks for another interest.
///
/// # Safety
///
/// `reactor` is null or a reactor.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epshim_reactor_modify(
    reactor: *mut CReactor,
    handle: u64,
    events: u32,
) -> c_int {
    // SAFETY: null or a reactor by the caller's contract.
    call(|| unsafe { with(reactor, |inside| inside.core.modify(Key(handle), events)) })
}

/// Ends a registration. `EBADF` if the descriptor had been closed before; it has ended even then.
///
/// # Safety
///
/// `reactor` is null or a reactor.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epshim_reactor_remove(reactor: *mut CReactor, handle: u64) -> c_int {
    let remove = |inside: &mut Inside| {
        let (_, deleted) = inside.core.remove(Key(handle))?;
        deleted.map_err(|_| error(libc::EBADF))
    };
    // SAFETY: null or a reactor by the caller's contract.
    call(|| unsafe { with(reactor, remove) })
}

/// Gives a registration another turn in the next round.
///
/// # Safety
///
/// `reactor` is null or a reactor.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epshim_reactor_again(
    reactor: *mut CReactor,
    handle: u64,
    events: u32,
) -> c_int {
    // SAFETY: null or a reactor by the caller's contract.
    call(|| unsafe { with(reactor, |inside| inside.core.again(Key(handle), events)) })
}

/// Sets the timer of a registration; a negative timeout takes it away.
///
/// # Safety
///
/// `reactor` is null or a reactor.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epshim_reactor_timer(
    reactor: *mut CReactor,
    handle: u64,
    timeout_ns: i64,
) -> c_int {
    let deadline = duration(timeout_ns).map(|timeout| Instant::now() + timeout);
    // SAFETY: null or a reactor by the caller's contract.
    call(|| unsafe { with(reactor, |inside| inside.core.set_timer(Key(handle), deadline)) })
}

/// Sets what is called after [`epshim_reactor_wake`]; null for nothing.
///
/// # Safety
///
/// `reactor` is null or a reactor. Calling `callback` with `data` must be sound until it is
/// replaced.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epshim_reactor_on_wake(
    reactor: *mut CReactor,
    callback: Option<Callback>,
    data: *mut c_void,
) -> c_int {
    let set = |inside: &mut Inside| {
        inside.on_wake = callback.map(|callback| Target { callback, data });
        Ok(())
    };
    // SAFETY: null or a reactor by the caller's contract.
    call(|| unsafe { with(reactor, set) })
}

/// Sets what is called at the end of each round in which something was; null for nothing.
///
/// # Safety
///
/// As [`epshim_reactor_on_wake`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epshim_reactor_on_round_end(
    reactor: *mut CReactor,
    callback: Option<Callback>,
    data: *mut c_void,
) -> c_int {
    let set = |inside: &mut Inside| {
        inside.on_round_end = callback.map(|callback| Target { callback, data });
        inside.core.wants_end = callback.is_some();
        Ok(())
    };
    // SAFETY: null or a reactor by the caller's contract.
    call(|| unsafe { with(reactor, set) })
}

/// Sets for how long a wait looks again and again before it sleeps; 0 for not at all.
///
/// # Safety
///
/// `reactor` is null or a reactor.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epshim_reactor_spin(reactor: *mut CReactor, spin_ns: i64) -> c_int {
    let set = |inside: &mut Inside| {
        inside.core.spin = duration(spin_ns).ok_or_else(|| error(libc::EINVAL))?;
        Ok(())
    };
    // SAFETY: null or a reactor by the caller's contract.
    call(|| unsafe { with(reactor, set) })
}

/// Wakes the reactor. Any thread may call it, and a signal handler.
///
/// # Safety
///
/// `reactor` is null or a reactor.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epshim_reactor_wake(reactor: *mut CReactor) -> c_int {
    // SAFETY: null or a reactor by the caller's contract.
    call(|| uncancelled(|| unsafe { shared_waker(reactor) }.map(Waker::wake)))
}

/// Ends the run. Any thread may call it, and a signal handler.
///
/// # Safety
///
/// `reactor` is null or a reactor.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epshim_reactor_stop(reactor: *mut CReactor) -> c_int {
    // SAFETY: null or a reactor by the caller's contract.
    call(|| uncancelled(|| unsafe { shared_waker(reactor) }.map(Waker::stop)))
}

/// Waits and calls back until it is stopped.
///
/// # Safety
///
/// `reactor` is null or a reactor, which is not freed meanwhile. The callbacks return normally.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epshim_reactor_run(reactor: *mut CReactor) -> c_int {
    let run = |run: &Run| {
        while !run.waker().take_stop() {
            match run.begin(None) {
                Err(Errno(libc::EINTR)) => continue,
                begun => begun?,
            }
            while run.turn().is_some() && !run.waker().is_stopping() {}
        }
        Ok(())
    };
    // SAFETY: the caller's contract is passed on.
    call(|| uncancelled(|| unsafe { running(reactor, run) }))
}

/// Waits once, and calls back what is ready. Returns how many callbacks were made.
///
/// # Safety
///
/// As [`epshim_reactor_run`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epshim_reactor_run_once(reactor: *mut CReactor, timeout_ns: i64) -> c_int {
    let once = |run: &Run| {
        run.begin(duration(timeout_ns))?;
        let mut called: c_int = 0;
        while let Some(count) = run.turn() {
            called = called.saturating_add(count);
        }
        Ok(called)
    };
    // SAFETY: the caller's contract is passed on.
    call_counting(|| uncancelled(|| unsafe { running(reactor, once) }))
}

/// Nanoseconds; none for a negative number.
fn duration(nanoseconds: i64) -> Option<Duration> {
    u64::try_from(nanoseconds).ok().map(Duration::from_nanos)
}

/// The C convention: 0, or -1 and errno.
fn call(work: impl FnOnce() -> Result<()>) -> c_int {
    call_counting(|| work().map(|()| 0))
}

/// The C convention: a number, or -1 and errno. Success leaves errno as it was, even if callbacks
/// changed it.
#[inline]
fn call_counting(work: impl FnOnce() -> Result<c_int>) -> c_int {
    let before = sys::errno();
    let (result, errno) = match work() {
        Ok(number) => (number, before),
        Err(Errno(error)) => (-1, error),
    };
    sys::set_errno(errno);
    result
}
