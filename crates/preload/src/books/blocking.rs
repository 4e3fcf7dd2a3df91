//! Calls that may block, on descriptors without `O_NONBLOCK`: which thread is in one, on which
//! descriptor, since when.
//!
//! Threads enter their calls and take them out without a lock, so that the monitor thread sees the
//! calls that hang while they hang.
//!
//! Surprising: a call may never be taken out. Its thread left it by siglongjmp(3), or was cancelled.
//! The thread's next call frees the place, and the monitor thread frees those of threads that ended.

use crate::questions::threads;
use crate::runtime::clock::now;
use crate::runtime::thread::tid;
use epshim_observe::Call;
use std::ffi::c_int;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering, Ordering::Relaxed};

fn call_of(number: u32) -> Call {
    Call::ALL.get(number as usize).copied().unwrap_or(Call::Read)
}

struct Place {
    /// The thread; 0: free; negative: a thread is entering its call.
    tid: AtomicI32,
    fd: AtomicI32,
    call: AtomicU32,
    site: AtomicU64,
    since: AtomicU64,
    /// How often the thread had slept by then.
    sleeps: AtomicU64,
    /// The monitor thread has reported the call already.
    is_reported: AtomicU32,
}

/// Of more threads than this the monitor thread does not see that they hang; when their calls
/// return, they see it themselves.
const PLACES: usize = 64;

static TABLE: [Place; PLACES] = [const {
    Place {
        tid: AtomicI32::new(0),
        fd: AtomicI32::new(0),
        call: AtomicU32::new(0),
        site: AtomicU64::new(0),
        since: AtomicU64::new(0),
        sleeps: AtomicU64::new(0),
        is_reported: AtomicU32::new(0),
    }
}; PLACES];

/// A thread entered a call at some time, or may do so next: only then is the table worth reading.
static IS_USED: AtomicU32 = AtomicU32::new(0);

/// A call that has taken too long.
#[derive(Debug, Clone, Copy)]
pub struct Blocked {
    /// In which thread.
    pub tid: c_int,
    /// On what.
    pub fd: c_int,
    /// Which call.
    pub call: Call,
    /// From where.
    pub site: u64,
    /// Since when.
    pub since: u64,
    /// How often the thread had slept by then.
    sleeps: u64,
}

impl Blocked {
    /// For the thread itself, when its call has returned: whether it slept in it. A call that took
    /// long may have been preempted, or have had much to copy.
    pub fn has_slept(&self) -> bool {
        threads::sleeps() != self.sleeps
    }

    /// Whether its thread has not left it: what was read of the thread meanwhile is of this call.
    pub fn goes_on(&self) -> bool {
        places_of(self.tid).any(|place| place.is_still(self))
    }
}

/// This thread is about to make a call that may block.
pub fn enter(fd: c_int, call: Call, site: u64) {
    let tid = tid();
    let claim =
        |place: &&Place| place.tid.compare_exchange(0, -1, Ordering::Acquire, Relaxed).is_ok();
    // A thread is in one call at a time, on two descriptors at most. Another call that the table has
    // for this thread was left by siglongjmp(3), or a signal handler has interrupted it.
    let is_other =
        |place: &&Place| place.site.load(Relaxed) != site || place.fd.load(Relaxed) == fd;
    places_of(tid).filter(is_other).for_each(Place::free);
    let Some(place) = TABLE.iter().find(claim) else { return };
    place.fd.store(fd, Relaxed);
    place.call.store(call as u32, Relaxed);
    place.site.store(site, Relaxed);
    place.since.store(now(), Relaxed);
    place.sleeps.store(threads::sleeps(), Relaxed);
    place.is_reported.store(0, Relaxed);
    place.tid.store(tid, Ordering::Release);
    IS_USED.store(1, Relaxed);
}

/// A thread was given a descriptor on which its next call may block.
pub fn expect() {
    IS_USED.store(1, Relaxed);
}

/// This thread is about to wait for events: it is in no call that may block, even if the table still has one.
pub fn leave_all() {
    if is_used() {
        places_of(tid()).for_each(Place::free);
    }
}

fn places_of(tid: c_int) -> impl Iterator<Item = &'static Place> {
    TABLE.iter().filter(move |place| place.tid.load(Relaxed) == tid)
}

/// The call of this thread returned. `None`: it is not in the table, or was reported already.
pub fn leave(fd: c_int) -> Option<Blocked> {
    if !is_used() {
        return None;
    }
    let tid = tid();
    let place = places_of(tid).find(|place| place.fd.load(Relaxed) == fd)?;
    let blocked = place.read(tid);
    let is_reported = place.is_reported.load(Relaxed) != 0;
    place.free();
    (!is_reported).then_some(blocked)
}

impl Place {
    fn free(&self) {
        self.tid.store(0, Ordering::Release);
    }

    /// Whether the thread has not left this very call.
    fn is_still(&self, call: &Blocked) -> bool {
        let is_same = self.since.load(Ordering::Acquire) == call.since
            && self.fd.load(Relaxed) == call.fd
            && self.site.load(Relaxed) == call.site;
        is_same && self.tid.load(Ordering::Acquire) == call.tid
    }

    fn read(&self, tid: c_int) -> Blocked {
        Blocked {
            tid,
            fd: self.fd.load(Relaxed),
            call: call_of(self.call.load(Relaxed)),
            site: self.site.load(Relaxed),
            since: self.since.load(Relaxed),
            sleeps: self.sleeps.load(Relaxed),
        }
    }
}

/// Whether any thread has made a call that may block.
pub fn is_used() -> bool {
    IS_USED.load(Relaxed) != 0
}

/// Calls that have taken longer than `limit`, and whose threads sleep; each once.
pub fn hanging(now: u64, limit: u64, mut each: impl FnMut(Blocked)) {
    for place in &TABLE {
        let tid = place.tid.load(Ordering::Acquire);
        if tid <= 0 || now.saturating_sub(place.since.load(Relaxed)) <= limit {
            continue;
        }
        if !threads::is_alive(tid) {
            // The thread ended in its call: pthread_cancel(3).
            let _ = place.tid.compare_exchange(tid, 0, Ordering::AcqRel, Relaxed);
        } else if place.is_reported.load(Relaxed) == 0 {
            let call = place.read(tid);
            // It sleeps in this call only if it was in it before that was asked, and is in it after.
            if threads::is_asleep(tid) && place.is_still(&call) {
                place.is_reported.store(1, Relaxed);
                each(call);
            }
        }
    }
}

/// In a forked child: the parent's other threads are not there.
pub fn forked() {
    for place in &TABLE {
        place.free();
    }
}
