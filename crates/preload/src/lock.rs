//! Locks of the library's own, on futexes: those of libc and std could reach functions that the
//! library exports, and cannot be taken over a fork, nor given up on.

use rustix::io::Errno;
use rustix::thread::futex;
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicU32, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

const FREE: u32 = 0;
const HELD: u32 = 1;
/// Held, and somebody may be asleep.
const AWAITED: u32 = 2;

/// So often it is tried before the thread sleeps.
const SPINS: u32 = 200;
/// One sleep.
const SLEEP: futex::Timespec = futex::Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// After so many sleeps, two seconds, the holder is taken for dead: a thread that was killed, or
/// that left by siglongjmp(3) from a handler.
pub const PATIENCE: u32 = 20;

/// A lock.
#[derive(Debug)]
pub struct Lock(AtomicU32);

impl Lock {
    /// A free one.
    pub const fn new() -> Self {
        Self(AtomicU32::new(FREE))
    }

    /// Takes it, if it is to be had within so many sleeps.
    pub fn take(&self, sleeps: u32) -> bool {
        for _ in 0..SPINS {
            if self.0.compare_exchange_weak(FREE, HELD, Acquire, Relaxed).is_ok() {
                return true;
            }
            std::hint::spin_loop();
        }
        let mut left = sleeps;
        while left > 0 {
            if self.0.swap(AWAITED, Acquire) == FREE {
                return true;
            }
            // Woken in vain, for another thread was faster: the holder lives.
            let flags = futex::Flags::PRIVATE;
            if futex::wait(&self.0, flags, AWAITED, Some(&SLEEP)) == Err(Errno::TIMEDOUT) {
                left -= 1;
            }
        }
        false
    }

    /// Gives it back.
    pub fn give(&self) {
        if self.0.swap(FREE, Release) == AWAITED {
            let _ = futex::wake(&self.0, futex::Flags::PRIVATE, 1);
        }
    }

    /// In a forked child, which has one thread: free, whoever had it.
    pub fn forked(&self) {
        self.0.store(FREE, Relaxed);
    }

    /// Whether nobody has it.
    pub fn is_free(&self) -> bool {
        self.0.load(Acquire) == FREE
    }
}

/// Something that is used under a lock.
#[derive(Debug)]
pub struct Locked<T> {
    lock: Lock,
    value: UnsafeCell<T>,
}

// SAFETY: the value is used under the lock only.
unsafe impl<T: Send> Sync for Locked<T> {}

impl<T> Locked<T> {
    /// Not locked.
    pub const fn new(value: T) -> Self {
        Self { lock: Lock::new(), value: UnsafeCell::new(value) }
    }

    /// Uses the value, unless the lock is not to be had within so many sleeps. The lock is given
    /// back after a panic too.
    pub fn with<R>(&self, sleeps: u32, work: impl FnOnce(&mut T) -> R) -> Option<R> {
        if !self.lock.take(sleeps) {
            return None;
        }
        let _give = Give(&self.lock);
        // SAFETY: the lock is held until `_give` goes, after the reference.
        Some(work(unsafe { &mut *self.value.get() }))
    }

    /// The lock itself, to be held over a fork.
    pub fn lock(&self) -> &Lock {
        &self.lock
    }

    /// In a forked child, which has one thread: a new value, where another thread of the parent's
    /// had the old one in hand. That one is left as it is, and not looked at.
    pub fn renew(&self, value: impl FnOnce() -> T) {
        if !self.lock.is_free() {
            // SAFETY: nobody else is here. The old value is not dropped.
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
