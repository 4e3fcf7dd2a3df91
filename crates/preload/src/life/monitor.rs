//! The monitor: a thread that asks the kernel about suspicions (`suspicions.rs`), pass by pass, while the
//! program runs, or hangs.
//!
//! A wait, an `epoll_ctl` or the close of an epoll starts it, and only when something is suspected or a call may block. It ends a second after
//! there is nothing more to suspect.
//!
//! Surprising: it also ends when it is the last thread. A program whose main thread has left ends with
//! its last thread, and must not live on for the sake of this one.

use crate::books::blocking;
use crate::chaos::limit;
use crate::life::suspicions;
use crate::questions::threads;
use crate::runtime::clock::now;
use crate::runtime::sandbox::{self, Call};
use crate::runtime::signals::with_all_blocked;
use crate::runtime::thread::Own;
use crate::runtime::{failure, monitor_thread, process, shared_page, thread, watched};
use epshim_observe::{MILLISECOND, Nanos, SECOND};
use rustix::thread::futex;
use std::ffi::c_int;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, Ordering::Relaxed};

/// 1: there is a monitor thread.
static IS_THERE: AtomicU32 = AtomicU32::new(0);
/// Until when it sleeps, at most; 0: another thread woke it.
static SLEEPS_UNTIL: AtomicU64 = AtomicU64::new(0);
/// How often other threads woke it. It sleeps on this number.
static WAKE_UPS: AtomicU32 = AtomicU32::new(0);

/// The number of the last pass that was begun, and of the last that ended.
static BEGUN: AtomicU32 = AtomicU32::new(0);
static ENDED: AtomicU32 = AtomicU32::new(0);
/// Threads that are in a call which the monitor thread must not be there for.
static BARRED: AtomicU32 = AtomicU32::new(0);

/// When the thread may be started, where that has failed.
static NEXT_TRY: AtomicU64 = AtomicU64::new(0);

/// Between two passes, while a call may hang.
const INTERVAL: Nanos = 50 * MILLISECOND;
/// How long the thread stays when nothing is suspected.
const LINGER: Nanos = SECOND;
/// Sleeps of a thread that waits for the monitor thread's end: 12 seconds. The symbolizer is given up after 10.
const PATIENCE: u32 = 120;

/// Something is due at this time: the monitor thread must be there, and awake by then.
pub fn wake_by(at: Nanos) {
    if !sandbox::may(Call::Thread) {
        return;
    }
    if IS_THERE.load(Relaxed) == 0 {
        start();
    } else if at < SLEEPS_UNTIL.load(Relaxed) {
        SLEEPS_UNTIL.store(0, Relaxed); // It is woken once, not by each thread.
        wake();
    }
}

/// Something is due now: waits until the monitor thread has looked, or for `most`. For a call after which
/// the program may end in a way that nothing is heard of. Not with the model's lock.
pub fn wait_for_pass(most: Nanos) {
    let until = now() + most;
    let (begun, mut ended) = (BEGUN.load(Ordering::SeqCst), ENDED.load(Ordering::SeqCst));
    // A pass that has begun already may not see it: the one after that does.
    while IS_THERE.load(Relaxed) != 0 && ended.wrapping_sub(begun) as i32 <= 0 {
        let left = until.saturating_sub(now());
        if left == 0 {
            return;
        }
        let time = timespec(left);
        let _ = futex::wait(&ENDED, futex::Flags::PRIVATE, ended, Some(&time));
        ended = ENDED.load(Ordering::SeqCst);
    }
}

/// A call may hang from now on: the monitor thread must be there. It passes by itself then, often enough, and is
/// not woken for each wait.
pub fn be_there() {
    wake_by(now() + INTERVAL);
}

fn wake() {
    WAKE_UPS.fetch_add(1, Ordering::SeqCst);
    let _ = futex::wake(&WAKE_UPS, futex::Flags::PRIVATE, 1);
}

/// The same, from a call that signal handlers may make (signal-safety(7)). Where a thread cannot be started
/// from there, the next wait does it.
pub fn wake_by_from_handler(at: Nanos) {
    if monitor_thread::FROM_HANDLERS || IS_THERE.load(Relaxed) != 0 {
        wake_by(at);
    }
}

/// With signals blocked: a handler that came in between could leave by siglongjmp(3), and the new thread
/// starts with its creator's mask, so that none of the program's handlers runs in it.
fn start() {
    with_all_blocked(|| {
        // A child of vfork(2) is not to leave a thread in its parent's memory.
        if !process::owns_memory() || IS_THERE.swap(1, Ordering::SeqCst) != 0 {
            return;
        }
        if is_barred() || !is_time_to_try() || !monitor_thread::start(run) {
            IS_THERE.store(0, Ordering::Release);
        } else {
            NEXT_TRY.store(0, Relaxed);
        }
    });
}

/// Where the kernel starts no thread (RLIMIT_NPROC), it is not asked again at every wait.
fn is_time_to_try() -> bool {
    let now = now();
    let is_time = now >= NEXT_TRY.load(Relaxed);
    if is_time {
        NEXT_TRY.store(now + SECOND, Relaxed);
    }
    is_time
}

/// Ends the monitor thread, and has none until [`unbar`]: a system call is about to be made that the kernel
/// refuses to a process of two threads, or that changes only the calling one.
pub fn bar() {
    BARRED.fetch_add(1, Ordering::SeqCst);
    if IS_THERE.load(Ordering::SeqCst) != 0 {
        wake();
    }
    monitor_thread::has_ended(PATIENCE);
}

/// The call has returned.
pub fn unbar() {
    BARRED.fetch_sub(1, Ordering::SeqCst);
    if suspicions::next_due().is_some() {
        wake_by(0);
    }
}

fn is_barred() -> bool {
    BARRED.load(Ordering::SeqCst) != 0
}

/// The thread. All of it is book-keeping: the hooks record none of its calls, and a panic ends the
/// checking.
fn run() -> c_int {
    let own = Own::current();
    own.set_depth(1);
    let mut status = 0;
    shared_page::has_monitor(thread::tid());
    failure::contain(|| status = monitor());
    shared_page::has_monitor(0);
    // The last thread ends the program, and its report (pthread_exit(3)).
    own.set_depth(0);
    status
}

/// Returns the status of this thread, which is the process's where it is the last (kernel/exit.c,
/// synchronize_group_exit).
fn monitor() -> c_int {
    loop {
        if work() {
            return threads::status_of_the_first();
        }
        SLEEPS_UNTIL.store(0, Relaxed);
        IS_THERE.store(0, Ordering::Release);
        // A thread that needed the monitor before that line found it there.
        let is_due = suspicions::next_due().is_some() || limit::due().is_some();
        let is_needed = watched::is_checking() && !is_barred() && is_due;
        if !is_needed || IS_THERE.swap(1, Ordering::SeqCst) != 0 {
            return 0;
        }
    }
}

/// Until there is nothing more to suspect; or, true, until the program's last thread has ended.
fn work() -> bool {
    let mut idle_since = now();
    while watched::is_checking() {
        failure::panic_in_monitor_when_asked();
        let wake_ups = WAKE_UPS.load(Ordering::SeqCst);
        if is_barred() {
            break;
        }
        // This pass may not see what comes up from now on: other threads are to wake this one for it.
        SLEEPS_UNTIL.store(Nanos::MAX, Relaxed);
        BEGUN.fetch_add(1, Ordering::SeqCst);
        limit::raise_when_due();
        let next = [suspicions::pass(), limit::due()].into_iter().flatten().min();
        ENDED.store(BEGUN.load(Ordering::SeqCst), Ordering::SeqCst);
        let _ = futex::wake(&ENDED, futex::Flags::PRIVATE, u32::MAX >> 1);
        failure::give_up_without_memory();
        if threads::program_has_ended() {
            return true;
        }
        let now = now();
        if next.is_some() {
            idle_since = now;
        } else if now.saturating_sub(idle_since) > LINGER && !blocking::is_used() {
            break;
        }
        sleep(wake_ups, next.unwrap_or(now + LINGER), now);
    }
    false
}

/// Sleeps, unless another thread woke this one since it read `wake_ups`.
fn sleep(wake_ups: u32, until: Nanos, now: Nanos) {
    let most = if blocking::is_used() { INTERVAL } else { LINGER };
    let nanos = until.saturating_sub(now).min(most);
    SLEEPS_UNTIL.store(now + nanos, Relaxed);
    let _ = futex::wait(&WAKE_UPS, futex::Flags::PRIVATE, wake_ups, Some(&timespec(nanos)));
}

fn timespec(nanos: Nanos) -> futex::Timespec {
    futex::Timespec { tv_sec: (nanos / SECOND) as i64, tv_nsec: (nanos % SECOND) as _ }
}

/// In a forked child there is no monitor thread.
pub fn forked() {
    IS_THERE.store(0, Relaxed);
    SLEEPS_UNTIL.store(0, Relaxed);
    ENDED.store(BEGUN.load(Relaxed), Relaxed);
    BARRED.store(0, Relaxed);
    NEXT_TRY.store(0, Relaxed);
    monitor_thread::forked();
    suspicions::forked();
}
