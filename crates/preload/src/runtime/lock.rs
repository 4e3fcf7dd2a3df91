//! Locks of the library's own, on futexes: those of libc and std could reach functions that the
//! library exports, cannot be held across a fork, and have no limit to the wait.
//!
//! A lock is taken within a number of sleeps. A thread that does not get it goes on without what the
//! lock guards: the holder may be a thread that was killed, and the program must not hang for it.
//!
//! Surprising: in a forked child a held lock belongs to a thread that does not exist there. The
//! child frees it, or replaces the value that the thread may have left half written.

use crate::runtime::sandbox::{self, Call};
use rustix::io::Errno;
use rustix::thread::futex;
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicU32, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

const FREE: u32 = 0;
const HELD: u32 = 1;
/// Held, and another thread may be asleep on it.
const AWAITED: u32 = 2;

/// How often a thread tries to take the lock before it sleeps.
const SPINS: u32 = 200;
/// How often instead of each sleep, where it may not sleep.
const SPINS_A_SLEEP: u32 = 100_000;
/// One sleep.
const SLEEP: futex::Timespec = futex::Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// Sleeps, two seconds, after which the holder is taken for dead: a thread that was killed, or that
/// left by siglongjmp(3) from a handler.
pub const PATIENCE: u32 = 20;

/// A lock.
#[derive(Debug)]
pub struct Lock(AtomicU32);

impl Lock {
    /// A free lock.
    pub const fn new() -> Self {
        Self(AtomicU32::new(FREE))
    }

    /// Takes the lock. False: another thread held it through this number of sleeps.
    pub fn take(&self, sleeps: u32) -> bool {
        let may_sleep = sandbox::may(Call::Sleep);
        let spins = if may_sleep { SPINS } else { SPINS + sleeps * SPINS_A_SLEEP };
        for _ in 0..spins {
            if self.0.compare_exchange_weak(FREE, HELD, Acquire, Relaxed).is_ok() {
                return true;
            }
            std::hint::spin_loop();
        }
        let mut left = if may_sleep { sleeps } else { 0 };
        while left > 0 {
            if self.0.swap(AWAITED, Acquire) == FREE {
                return true;
            }
            // Only a sleep that timed out counts. A thread that was woken, and found another one faster,
            // knows that the holder lives.
            let flags = futex::Flags::PRIVATE;
            if futex::wait(&self.0, flags, AWAITED, Some(&SLEEP)) == Err(Errno::TIMEDOUT) {
                left -= 1;
            }
        }
        false
    }

    /// Gives the lock back.
    pub fn give(&self) {
        // Where no thread may be woken, none has slept for long: a sleep ends by itself.
        if self.0.swap(FREE, Release) == AWAITED && sandbox::may(Call::Sleep) {
            let _ = futex::wake(&self.0, futex::Flags::PRIVATE, 1);
        }
    }

    /// In a forked child, which has one thread: the lock is free, though another
    /// thread of the parent held it.
    pub fn forked(&self) {
        self.0.store(FREE, Relaxed);
    }

    /// Whether no thread holds the lock.
    pub fn is_free(&self) -> bool {
        self.0.load(Acquire) == FREE
    }
}

/// A value that is used under a lock.
#[derive(Debug)]
pub struct Locked<T> {
    lock: Lock,
    value: UnsafeCell<T>,
}

// SAFETY: the value is used under the lock only.
unsafe impl<T: Send> Sync for Locked<T> {}

impl<T> Locked<T> {
    /// A value that is not locked.
    pub const fn new(value: T) -> Self {
        Self { lock: Lock::new(), value: UnsafeCell::new(value) }
    }

    /// Uses the value. `None`: another thread held the lock through this number of sleeps. The lock
    /// is given back after a panic too.
    pub fn with<R>(&self, sleeps: u32, work: impl FnOnce(&mut T) -> R) -> Option<R> {
        if !self.lock.take(sleeps) {
            return None;
        }
        let _give = Give(&self.lock);
        // SAFETY: the lock is held until `_give` is dropped, which is after the reference ends.
        Some(work(unsafe { &mut *self.value.get() }))
    }

    /// The lock itself, to be held across a fork.
    pub fn lock(&self) -> &Lock {
        &self.lock
    }

    /// In a forked child, which has one thread: a new value, where a thread of the parent's was using
    /// the old one. The old value may be half written: it is neither read nor dropped.
    pub fn renew(&self, value: impl FnOnce() -> T) {
        if !self.lock.is_free() {
            // SAFETY: the child has no other thread, so no reference to the value is in use.
            unsafe { self.value.get().write(value()) };
            self.lock.give();
        }
    }
}

struct Give<'a>(&'a Lock);

impl Drop for Give<'_> {
    fn drop(&mut self) {
        self.0.give();
    }
}
