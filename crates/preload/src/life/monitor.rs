//! The monitor: a thread that asks the kernel about suspicions (`suspicions.rs`), pass by pass, while the
//! program runs, or hangs.
//!
//! A wait starts it, and only when something is suspected or a call may block. It ends a second after
//! there is nothing more to suspect.
//!
//! Surprising: it also ends when it is the last thread. A program whose main thread has left ends with
//! its last thread, and must not live on for the sake of this one.

use crate::books::blocking;
use crate::life::suspicions;
use crate::questions::threads;
use crate::runtime::clock::now;
use crate::runtime::signals::with_all_blocked;
use crate::runtime::thread::{self, Own};
use crate::runtime::{failure, watched};
use epshim_check::ports::{MILLISECOND, Nanos, SECOND};
use rustix::thread::futex;
use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, Ordering::Relaxed};

/// 1: there is a monitor thread.
static IS_THERE: AtomicU32 = AtomicU32::new(0);
/// Until when it sleeps, at most; 0: another thread woke it.
static SLEEPS_UNTIL: AtomicU64 = AtomicU64::new(0);
/// How often other threads woke it. It sleeps on this number.
static WAKE_UPS: AtomicU32 = AtomicU32::new(0);

/// Between two passes, while a call may hang.
const INTERVAL: Nanos = 50 * MILLISECOND;
/// How long the thread stays when nothing is suspected.
const LINGER: Nanos = SECOND;
const STACK: usize = 256 * 1024;

/// Something is due at this time: the monitor thread must be there, and awake by then.
pub fn wake_by(at: Nanos) {
    if IS_THERE.load(Relaxed) == 0 {
        start();
    } else if at < SLEEPS_UNTIL.load(Relaxed) {
        SLEEPS_UNTIL.store(0, Relaxed); // It is woken once, not by each thread.
        WAKE_UPS.fetch_add(1, Relaxed);
        let _ = futex::wake(&WAKE_UPS, futex::Flags::PRIVATE, 1);
    }
}

fn start() {
    if IS_THERE.swap(1, Ordering::AcqRel) != 0 {
        return;
    }
    // The new thread starts with its creator's signal mask: none of the program's handlers runs in it.
    if with_all_blocked(create) != Some(0) {
        IS_THERE.store(0, Ordering::Release);
    }
}

/// Returns what pthread_create(3) does.
fn create() -> c_int {
    let mut thread = MaybeUninit::uninit();
    let mut attributes = MaybeUninit::uninit();
    // SAFETY: each call gets pointers to objects of its type that live until it returns, and the
    // attributes are initialised before they are used. `run` touches statics only.
    unsafe {
        libc::pthread_attr_init(attributes.as_mut_ptr());
        libc::pthread_attr_setstacksize(attributes.as_mut_ptr(), STACK);
        libc::pthread_attr_setdetachstate(attributes.as_mut_ptr(), libc::PTHREAD_CREATE_DETACHED);
        let failed =
            libc::pthread_create(thread.as_mut_ptr(), attributes.as_ptr(), run, ptr::null_mut());
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        failed
    }
}

/// The thread. All of it is book-keeping: the hooks record none of its calls, and a panic ends the
/// checking.
extern "C" fn run(_: *mut c_void) -> *mut c_void {
    let own = Own::current();
    own.set_depth(1);
    thread::hide_from_sanitizer();
    failure::contain(monitor);
    thread::show_to_sanitizer();
    // The last thread ends the program, and its report (pthread_exit(3)).
    own.set_depth(0);
    ptr::null_mut()
}

fn monitor() {
    let mut idle_since = now();
    while watched::is_checking() {
        let wake_ups = WAKE_UPS.load(Relaxed);
        // This pass may not see what comes up from now on: other threads are to wake this one for it.
        SLEEPS_UNTIL.store(Nanos::MAX, Relaxed);
        let next = suspicions::pass();
        if threads::program_has_ended() {
            return;
        }
        let now = now();
        if next.is_some() {
            idle_since = now;
        } else if now.saturating_sub(idle_since) > LINGER && !blocking::is_used() {
            break;
        }
        sleep(wake_ups, next.unwrap_or(now + LINGER), now);
    }
    SLEEPS_UNTIL.store(0, Relaxed);
    IS_THERE.store(0, Ordering::Release);
    // A thread that needed the monitor before that line found it there.
    if suspicions::next_due().is_some() {
        wake_by(0);
    }
}

/// Sleeps, unless another thread woke this one since it read `wake_ups`.
fn sleep(wake_ups: u32, until: Nanos, now: Nanos) {
    let most = if blocking::is_used() { INTERVAL } else { LINGER };
    let nanos = until.saturating_sub(now).min(most);
    SLEEPS_UNTIL.store(now + nanos, Relaxed);
    let time = futex::Timespec { tv_sec: (nanos / SECOND) as i64, tv_nsec: (nanos % SECOND) as _ };
    let _ = futex::wait(&WAKE_UPS, futex::Flags::PRIVATE, wake_ups, Some(&time));
}

/// In a forked child there is no monitor thread.
pub fn forked() {
    IS_THERE.store(0, Relaxed);
    SLEEPS_UNTIL.store(0, Relaxed);
    suspicions::forked();
}
