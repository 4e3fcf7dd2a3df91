//! The watcher: a thread that looks at suspicions when they are due, asks the kernel and reports,
//! while the program runs, or hangs. It is started by a wait, and only when something is suspected;
//! it ends when nothing is any more, and when it is the last: a program whose main thread has left ends
//! with its last thread, and must not live on for the sake of this one.

use crate::attention::{self, Event, Note};
use crate::blocking;
use crate::descriptors::Table;
use crate::kernel::{self, Asking};
use crate::lock::Lock;
use crate::model::{self, now};
use crate::{guard, looking, report, watched};
use epshim_check::Suspicion;
use epshim_check::ports::{MILLISECOND, Nanos, SECOND};
use rustix::thread::futex;
use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, Ordering::Relaxed};

/// 1: there is one.
static IS_THERE: AtomicU32 = AtomicU32::new(0);
/// Until when it sleeps, at most; 0: it was called.
static SLEEPS_UNTIL: AtomicU64 = AtomicU64::new(0);
/// What it sleeps on.
static CALLS: AtomicU32 = AtomicU32::new(0);

/// Held by whoever has suspicions in hand; for good by the thread that ends the program.
static HAND: Lock = Lock::new();

/// How often it looks for calls that hang.
const LOOK: Nanos = 50 * MILLISECOND;
/// How long it stays when there is nothing to look at.
const LINGER: Nanos = SECOND;
/// A call that takes longer than this hangs.
const HANGS: Nanos = 100 * MILLISECOND;
const STACK: usize = 256 * 1024;
/// Sleeps of [`Lock::take`]: 12 seconds. The symbolizer is given up after 10.
const PATIENCE_AT_END: u32 = 120;

/// Something is due at this time: the watcher must be there, and awake by then.
pub fn needed(at: Nanos) {
    if IS_THERE.load(Relaxed) == 0 {
        start();
    } else if at < SLEEPS_UNTIL.load(Relaxed) {
        SLEEPS_UNTIL.store(0, Relaxed); // One call is enough.
        CALLS.fetch_add(1, Relaxed);
        let _ = futex::wake(&CALLS, futex::Flags::PRIVATE, 1);
    }
}

fn start() {
    if IS_THERE.swap(1, Ordering::AcqRel) != 0 {
        return;
    }
    let mut thread = MaybeUninit::uninit();
    let mut attributes = MaybeUninit::uninit();
    let (mut all, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
    // SAFETY: each call gets pointers to objects of its type that live until it returns, and the
    // attributes are initialised before they are used. The thread starts with all signals blocked,
    // for its creator has them blocked: no handler of the program's runs in it. It touches statics only.
    let failed = unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
        libc::pthread_attr_init(attributes.as_mut_ptr());
        libc::pthread_attr_setstacksize(attributes.as_mut_ptr(), STACK);
        libc::pthread_attr_setdetachstate(attributes.as_mut_ptr(), libc::PTHREAD_CREATE_DETACHED);
        let failed =
            libc::pthread_create(thread.as_mut_ptr(), attributes.as_ptr(), watch, ptr::null_mut());
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut());
        failed
    };
    if failed != 0 {
        IS_THERE.store(0, Ordering::Release);
    }
}

extern "C" fn watch(_: *mut c_void) -> *mut c_void {
    // Whatever it calls is not the program's doing.
    guard::unseen(|| {
        let mut idle_since = now();
        while watched::is_checking() {
            let calls = CALLS.load(Relaxed);
            // What comes up from now on it may not see before it sleeps: it is to be called for all.
            SLEEPS_UNTIL.store(Nanos::MAX, Relaxed);
            let next = look();
            if kernel::program_has_ended() {
                return;
            }
            let now = now();
            if next.is_some() {
                idle_since = now;
            } else if now.saturating_sub(idle_since) > LINGER && !blocking::is_used() {
                break;
            }
            sleep(calls, next.unwrap_or(now + LINGER), now);
        }
        SLEEPS_UNTIL.store(0, Relaxed);
        IS_THERE.store(0, Ordering::Release);
        // Whoever needed it in between found it there.
        if model::with(|checker| checker.next_due()).flatten().is_some() {
            needed(0);
        }
    });
    ptr::null_mut()
}

/// Looks at what is due, and says when something is due next.
fn look() -> Option<Nanos> {
    let at = now();
    if blocking::is_used() {
        blocking::hanging(at, HANGS, |one| {
            let nanos = at.saturating_sub(one.since);
            model::with(|checker| {
                let call = attention::call(one.kind);
                let site = epshim_check::ports::Site(one.site);
                checker.blocked(one.tid, at, one.fd, call, nanos, false, site);
            });
        });
    }
    if HAND.take(0) {
        settle(at);
        HAND.give();
    }
    model::with(|checker| checker.next_due()).flatten()
}

/// Asks the kernel about the suspicions that are due, without the lock, and reports what comes of it.
fn settle(at: Nanos) {
    let due = model::with(|checker| checker.due(at, &Table)).unwrap_or_default();
    if due.is_empty() {
        return;
    }
    let confirm = |suspicion: Suspicion| (suspicion.asked(), suspicion.confirm(now(), &mut Asking));
    let look = looking::look();
    let answers: Vec<_> = due.into_iter().map(confirm).collect();
    drop(look);
    for (asked, verdict) in answers {
        let finding =
            model::with(|checker| checker.settle(verdict, asked, now(), &Table)).flatten();
        if let Some(finding) = finding {
            report::write(&finding);
        }
    }
}

/// Sleeps, unless it was called since there were so many calls.
fn sleep(calls: u32, until: Nanos, now: Nanos) {
    let most = if blocking::is_used() { LOOK } else { LINGER };
    let nanos = until.saturating_sub(now).min(most);
    SLEEPS_UNTIL.store(now + nanos, Relaxed);
    let time = futex::Timespec { tv_sec: (nanos / SECOND) as i64, tv_nsec: (nanos % SECOND) as _ };
    let _ = futex::wait(&CALLS, futex::Flags::PRIVATE, calls, Some(&time));
}

/// When the program ends: what is due now is looked at now, by the thread that ends it. What the
/// watcher has in hand would be lost with it, and is waited for, as long as names may take to find.
pub fn finish() {
    let at = now();
    model::with(|checker| checker.finish(at));
    if HAND.take(PATIENCE_AT_END) {
        settle(at);
    }
}

/// In a forked child there is none.
pub fn forked() {
    IS_THERE.store(0, Relaxed);
    SLEEPS_UNTIL.store(0, Relaxed);
    HAND.forked();
    looking::forked();
}

/// A call returned after it had blocked for `nanos`.
pub fn note_blocked(one: blocking::Blocked, nanos: Nanos) {
    let event = match attention::call(one.kind) {
        "accept" => Event::AcceptBlocked,
        "a write" => Event::WriteBlocked,
        _ => Event::ReadBlocked,
    };
    attention::leave(Note { event, fd: one.fd, tid: one.tid, site: one.site, amount: nanos });
}
