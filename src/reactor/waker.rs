//! [`Waker`]: ends a reactor's wait from any thread, or from a signal handler.
//!
//! It is an eventfd, registered edge-triggered: every write is an edge (`fs/eventfd.c` wakes on
//! each), so that it need not be read. A word of state beside it says what is meant, and whether
//! a write is on its way: then another wake-up needs no system call.
//!
//! The surprising thing: a child of `fork` shares the eventfd, and would wake its parent.

use super::shared::Shared;
use crate::sys::{self, Fd, Result};
use core::fmt;
use core::sync::atomic::{AtomicU32, Ordering::AcqRel, Ordering::Acquire};

/// The reactor has not yet seen the last write.
const PENDING: u32 = 1;
/// A turn [`Turn::Wake`](super::Turn::Wake) is owed.
const WAKE: u32 = 2;
/// The run is to end.
const STOP: u32 = 4;

/// Wakes a [`Reactor`](super::Reactor) from any thread; made by
/// [`Reactor::waker`](super::Reactor::waker).
///
/// It may outlive its reactor, and then does nothing. Both calls are async-signal-safe. Do not use
/// it in a child of `fork`: the reactor that it wakes is the parent's.
#[derive(Clone)]
pub struct Waker(Shared<Signal>);

struct Signal {
    eventfd: Fd,
    state: AtomicU32,
}

impl Waker {
    pub(super) fn new() -> Result<Self> {
        Shared::new(Signal { eventfd: sys::eventfd()?, state: AtomicU32::new(0) }).map(Self)
    }

    /// Has the reactor give its handler a turn [`Turn::Wake`](super::Turn::Wake).
    ///
    /// Wake-ups that come before that turn are one: it happens once or more after the last of
    /// them. What was written before the call is seen in that turn.
    pub fn wake(&self) {
        self.raise(WAKE);
    }

    /// Ends [`Reactor::run`](super::Reactor::run) after the turn under way; if it does not run, it
    /// ends at once when it is next called. A [`run_once`](super::Reactor::run_once) is woken.
    pub fn stop(&self) {
        self.raise(STOP);
    }

    /// The eventfd, to be registered edge-triggered. It is never read.
    pub(super) fn eventfd(&self) -> &Fd {
        &self.0.eventfd
    }

    fn raise(&self, meaning: u32) {
        if self.0.state.fetch_or(meaning | PENDING, AcqRel) & PENDING == 0 {
            sys::signal(self.eventfd());
        }
    }

    /// As `stop` on the reactor's own thread, where no thread sleeps.
    pub(super) fn stop_here(&self) {
        self.0.state.fetch_or(STOP, AcqRel);
    }

    /// The event has come: whether a wake-up was meant.
    pub(super) fn take_wake(&self) -> bool {
        self.0.state.fetch_and(!(PENDING | WAKE), AcqRel) & WAKE != 0
    }

    /// Whether a stop was asked for.
    pub(crate) fn is_stopping(&self) -> bool {
        self.0.state.load(Acquire) & STOP != 0
    }

    /// Whether a stop was asked for; it is then done.
    pub(crate) fn take_stop(&self) -> bool {
        self.is_stopping() && self.0.state.fetch_and(!STOP, AcqRel) & STOP != 0
    }
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Waker").field(&self.0.eventfd).finish()
    }
}

#[cfg(test)]
#[allow(unsafe_code)] // Borrows the eventfd, to duplicate it.
mod tests {
    use super::Waker;
    use std::os::fd::BorrowedFd;

    /// What was written to the eventfd since the last look: how many times. qemu-user hands the
    /// count of a duplicate to a big-endian program in the order of its own machine.
    fn writes(waker: &Waker) -> u64 {
        let mut count = [0; 8];
        // SAFETY: it is open: the waker owns it.
        let eventfd = unsafe { BorrowedFd::borrow_raw(waker.eventfd().number()) };
        let mut file = std::fs::File::from(eventfd.try_clone_to_owned().unwrap());
        match std::io::Read::read(&mut file, &mut count) {
            Ok(_) => u64::from_be_bytes(count).min(u64::from_le_bytes(count)),
            Err(_) => 0,
        }
    }

    #[test]
    fn while_a_wake_up_is_pending_another_makes_no_system_call() {
        let waker = Waker::new().unwrap();
        for _ in 0..10 {
            waker.wake();
            waker.stop();
        }
        assert_eq!(writes(&waker), 1);
        assert!(waker.take_wake());
        assert!(!waker.take_wake());
        waker.wake();
        assert_eq!(writes(&waker), 1);
    }

    #[test]
    fn a_stop_is_no_wake_up_and_is_taken_once() {
        let waker = Waker::new().unwrap();
        waker.stop();
        assert!(!waker.take_wake());
        assert!(waker.is_stopping());
        assert!(waker.take_stop());
        assert!(!waker.take_stop());
    }
}
