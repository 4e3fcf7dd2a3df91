//! Calls that may block, on descriptors without `O_NONBLOCK`: who is in one, on what, since when. A
//! table that threads enter and leave without a lock, so that somebody else can see who hangs.

use crate::{kernel, model};
use std::ffi::c_int;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering, Ordering::Relaxed};

struct Place {
    /// The thread; 0: free; negative: being entered.
    tid: AtomicI32,
    fd: AtomicI32,
    kind: AtomicU32,
    site: AtomicU64,
    since: AtomicU64,
    /// How often the thread had slept by then.
    sleeps: AtomicU64,
    /// It was told of already.
    is_told: AtomicU32,
}

/// More threads than this are not seen to hang; when their calls return, that is seen.
const PLACES: usize = 64;

static TABLE: [Place; PLACES] = [const {
    Place {
        tid: AtomicI32::new(0),
        fd: AtomicI32::new(0),
        kind: AtomicU32::new(0),
        site: AtomicU64::new(0),
        since: AtomicU64::new(0),
        sleeps: AtomicU64::new(0),
        is_told: AtomicU32::new(0),
    }
}; PLACES];

/// Someone entered at some time: it is worth to look.
static IS_USED: AtomicU32 = AtomicU32::new(0);

/// A call that has taken too long.
#[derive(Debug, Clone, Copy)]
pub struct Blocked {
    /// In which thread.
    pub tid: c_int,
    /// On what.
    pub fd: c_int,
    /// Which call: `tell_io`'s number.
    pub kind: u32,
    /// From where.
    pub site: u64,
    /// Since when.
    pub since: u64,
    /// How often the thread had slept by then.
    sleeps: u64,
}

impl Blocked {
    /// For the thread itself, when its call has returned: whether it slept in it. A call that took long
    /// may have been preempted, or have had much to copy.
    pub fn has_slept(&self) -> bool {
        kernel::sleeps() != self.sleeps
    }
}

/// This thread is about to make a call that may block.
pub fn enter(fd: c_int, kind: u32, site: u64) {
    let tid = model::tid();
    let claim =
        |place: &&Place| place.tid.compare_exchange(0, -1, Ordering::Acquire, Relaxed).is_ok();
    // A thread is in one call at a time, on two descriptors at most. Another one that it is in
    // already it has left by siglongjmp(3), or interrupted by a handler.
    let is_other =
        |place: &&Place| place.site.load(Relaxed) != site || place.fd.load(Relaxed) == fd;
    mine(tid).filter(is_other).for_each(Place::free);
    let Some(place) = TABLE.iter().find(claim) else { return };
    place.fd.store(fd, Relaxed);
    place.kind.store(kind, Relaxed);
    place.site.store(site, Relaxed);
    place.since.store(model::now(), Relaxed);
    place.sleeps.store(kernel::sleeps(), Relaxed);
    place.is_told.store(0, Relaxed);
    place.tid.store(tid, Ordering::Release);
    IS_USED.store(1, Relaxed);
}

/// This thread waits for events: it is in no other call, whatever the table says.
pub fn left() {
    if is_used() {
        mine(model::tid()).for_each(Place::free);
    }
}

fn mine(tid: c_int) -> impl Iterator<Item = &'static Place> {
    TABLE.iter().filter(move |place| place.tid.load(Relaxed) == tid)
}

/// The call of this thread returned.
pub fn leave(fd: c_int) -> Option<Blocked> {
    if !is_used() {
        return None;
    }
    let tid = model::tid();
    let place = mine(tid).find(|place| place.fd.load(Relaxed) == fd)?;
    let blocked = place.read(tid);
    let is_told = place.is_told.load(Relaxed) != 0;
    place.free();
    (!is_told).then_some(blocked)
}

impl Place {
    fn free(&self) {
        self.tid.store(0, Ordering::Release);
    }

    /// Whether the thread has been in this very call all the time.
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
            kind: self.kind.load(Relaxed),
            site: self.site.load(Relaxed),
            since: self.since.load(Relaxed),
            sleeps: self.sleeps.load(Relaxed),
        }
    }
}

/// Whether anybody made a call that may block.
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
        if !kernel::is_alive(tid) {
            // It ended in it: pthread_cancel(3).
            let _ = place.tid.compare_exchange(tid, 0, Ordering::AcqRel, Relaxed);
        } else if place.is_told.load(Relaxed) == 0 {
            let call = place.read(tid);
            // It sleeps in this call only if it was in it before the look, and is after it.
            if kernel::is_asleep(tid) && place.is_still(&call) {
                place.is_told.store(1, Relaxed);
                each(call);
            }
        }
    }
}

/// In a forked child: the other threads are not there.
pub fn forget() {
    for place in &TABLE {
        place.free();
    }
}
