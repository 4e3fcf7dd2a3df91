//! The one model of this process, and its lock.
//!
//! Waits and `epoll_ctl` take the lock; reads, writes and closes never do. It is held for as long
//! as the model takes to note something, never while the kernel is asked or a report is written. A
//! holder that does not give it back (a thread killed in the middle) costs the checking, not the
//! program.

use crate::{attention, blocking, guard, kernel, tell, watched};
use attention::{Event, Note};
use epshim_check::report::Seen;
use epshim_check::world::Site;
use epshim_check::{Checker, Rule};
use rustix::io::Errno;
use rustix::thread::futex;
use rustix::time::{ClockId, clock_gettime};
use std::cell::UnsafeCell;
use std::ffi::c_int;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, Ordering::Relaxed};

use crate::descriptors::Table;

struct Model {
    /// 0: free; 1: held; 2: held, and somebody waits.
    lock: AtomicU32,
    checker: UnsafeCell<Option<Checker>>,
}

// SAFETY: the checker is only touched by who holds the lock (`with`), or where there is one thread
// (`start`, before any is told of, and `forked`).
unsafe impl Sync for Model {}

static MODEL: Model = Model { lock: AtomicU32::new(0), checker: UnsafeCell::new(None) };

/// Calls that were not recorded because the lock was not to be had.
static MISSED: AtomicU64 = AtomicU64::new(0);

/// Waits that were begun, and registrations that were made.
pub static WAITS: AtomicU64 = AtomicU64::new(0);
pub static ADDED: AtomicU64 = AtomicU64::new(0);

/// So often it is tried before the thread sleeps,
const SPINS: u32 = 200;
/// and so long it sleeps in all before the holder is taken for dead.
const PATIENCE: u32 = 20;
const SLEEP: futex::Timespec = futex::Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

unsafe extern "C" {
    /// The thread's own place for its id, 0 until it is asked.
    safe fn epshim_tid() -> *mut c_int;
}

/// This thread.
pub fn tid() -> c_int {
    let kept = epshim_tid();
    // SAFETY: this thread's own variable, valid while it runs.
    unsafe {
        if *kept == 0 {
            *kept = rustix::thread::gettid().as_raw_nonzero().get();
        }
        *kept
    }
}

/// Nanoseconds of `CLOCK_MONOTONIC`.
pub fn now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// Before anything is told.
pub fn start(off: &[Rule]) {
    // SAFETY: nothing is told yet, so nobody else is here.
    unsafe { *MODEL.checker.get() = Some(Checker::without(off)) };
}

/// Does something with the model, unless the lock is not to be had. Takes the notes along first.
pub fn with<R>(work: impl FnOnce(&mut Checker) -> R) -> Option<R> {
    if !take_lock() {
        MISSED.fetch_add(1, Relaxed);
        return None;
    }
    let _unlock = Unlock;
    // SAFETY: the lock is held until `_unlock` goes, after the reference.
    let checker = unsafe { &mut *MODEL.checker.get() }.as_mut()?;
    if attention::is_wanted() {
        let now = now();
        attention::take(|note| pass_on(checker, now, note));
    }
    Some(work(checker))
}

/// Released on a panic too: what is inconsistent then is not used again, for checking is off.
struct Unlock;

impl Drop for Unlock {
    fn drop(&mut self) {
        if MODEL.lock.swap(0, Ordering::Release) == 2 {
            let _ = futex::wake(&MODEL.lock, futex::Flags::PRIVATE, 1);
        }
    }
}

fn take_lock() -> bool {
    let lock = &MODEL.lock;
    for _ in 0..SPINS {
        if lock.compare_exchange_weak(0, 1, Ordering::Acquire, Relaxed).is_ok() {
            return true;
        }
        std::hint::spin_loop();
    }
    let mut patience = PATIENCE;
    while patience > 0 {
        if lock.swap(2, Ordering::Acquire) == 0 {
            return true;
        }
        // Woken in vain, for another thread was faster: the holder lives.
        if futex::wait(lock, futex::Flags::PRIVATE, 2, Some(&SLEEP)) == Err(Errno::TIMEDOUT) {
            patience -= 1;
        }
        if !watched::is_checking() {
            return false;
        }
    }
    if watched::stop_checking() {
        guard::say(format_args!("the checker's lock was not given back, and it is off"));
    }
    false
}

fn pass_on(checker: &mut Checker, now: u64, note: Note) {
    let Note { event, fd, tid, site, amount } = note;
    match event {
        Event::Unwritten => checker.unwritten(tid, now, fd, &Table),
        Event::ClosedUnread => checker.closed_unread(tid, now, fd, amount, Site(site)),
        Event::ReadBlocked => checker.blocked(tid, now, fd, "a read", amount, true, Site(site)),
        Event::AcceptBlocked => checker.blocked(tid, now, fd, "accept", amount, true, Site(site)),
        Event::WriteBlocked => checker.blocked(tid, now, fd, "a write", amount, true, Site(site)),
    }
}

/// This thread has the lock for the length of a fork.
static IS_FORKING: AtomicU32 = AtomicU32::new(0);

/// Takes the lock, so that no other thread leaves the books half written in the child.
pub fn before_fork() {
    if take_lock() {
        IS_FORKING.store(1, Relaxed);
    }
}

/// Gives it back, in both processes.
pub fn after_fork() {
    if IS_FORKING.swap(0, Relaxed) != 0 {
        drop(Unlock);
    }
}

/// In a forked child: its other threads are not there, one of which may have held the lock (where
/// the copy was made by clone(2) or `_Fork`, which call no handlers).
pub fn forked() {
    // SAFETY: this thread's own variable.
    unsafe { *epshim_tid() = 0 };
    WAITS.store(0, Relaxed);
    ADDED.store(0, Relaxed);
    blocking::forget();
    let is_mine = IS_FORKING.load(Relaxed) != 0;
    let was_held = !is_mine && MODEL.lock.swap(0, Ordering::Acquire) != 0;
    // SAFETY: a forked child has one thread, this one.
    let checker = unsafe { &mut *MODEL.checker.get() };
    if was_held {
        // Copied in the middle of a change: it is left as it is, and not looked at.
        std::mem::forget(checker.replace(Checker::default()));
    } else if let Some(checker) = checker {
        checker.forked();
    }
}

/// How much was seen, and how much was not.
pub fn seen() -> Seen {
    let (dropped_calls, high_descriptors, rings) = tell::unrecorded();
    let (unknown, dropped) = with(|checker| {
        let unknown = checker.unknown_deliveries() + checker.ambiguous_deliveries();
        (unknown, checker.dropped_suspicions())
    })
    .unwrap_or_default();
    let waits = WAITS.load(Relaxed);
    Seen {
        waits,
        unheard_epolls: if waits == 0 { kernel::epolls() } else { 0 },
        registrations: ADDED.load(Relaxed),
        rings,
        unknown_deliveries: unknown,
        dropped_calls: dropped_calls + dropped,
        high_descriptors,
        ..Seen::default()
    }
}

/// Calls that were not recorded.
pub fn missed() -> u64 {
    MISSED.load(Relaxed)
}
