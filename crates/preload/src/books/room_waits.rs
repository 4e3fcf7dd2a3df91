//! Waits for room in poll(2) and select(2): which thread waits for which descriptor now.
//!
//! Threads enter their waits and take them out without a lock, in signal handlers too, so that it is
//! known of a thread that it waits while it sleeps.
//!
//! Surprising: a wait may never be taken out. Its thread was cancelled: then the thread is not alive.
//! Or it left the call by siglongjmp(3): then it is believed to wait until it comes by there again,
//! and of one descriptor too little is reported, never too much.

use crate::books::counts;
use crate::questions::threads;
use crate::runtime::thread::tid;
use std::ffi::c_int;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering, Ordering::Relaxed};

struct Place {
    /// The thread; 0: free; negative: a thread is entering its wait.
    tid: AtomicI32,
    fd: AtomicI32,
    /// Which of the thread's calls: a signal handler may interrupt one, and make another.
    call: AtomicUsize,
}

/// Waits at a time. More are counted as not recorded.
const PLACES: usize = 1024;

static TABLE: [Place; PLACES] =
    [const { Place { tid: AtomicI32::new(0), fd: AtomicI32::new(0), call: AtomicUsize::new(0) } };
        PLACES];

/// All places from here on were never used.
static END: AtomicUsize = AtomicUsize::new(0);

/// This thread is about to wait for room in `fd`, in its call `call`.
pub fn enter(fd: c_int, call: usize) {
    let tid = tid();
    if used().any(|place| place.is_of(tid, call) && place.fd.load(Relaxed) == fd) {
        return; // It left the call by siglongjmp(3), and makes it again.
    }
    let claim = |(_, place): &(usize, &Place)| {
        place.tid.compare_exchange(0, -1, Ordering::Acquire, Relaxed).is_ok()
    };
    let Some((number, place)) = TABLE.iter().enumerate().find(claim) else {
        return counts::NOT_POSTED.add_one();
    };
    place.fd.store(fd, Relaxed);
    place.call.store(call, Relaxed);
    place.tid.store(tid, Ordering::Release);
    END.fetch_max(number + 1, Ordering::Release);
}

/// The call of this thread returned. `each` is called with each descriptor that it waited for, while
/// the table still says so.
pub fn leave(call: usize, mut each: impl FnMut(c_int)) {
    let tid = tid();
    for place in used().filter(|place| place.is_of(tid, call)) {
        each(place.fd.load(Relaxed));
        place.tid.store(0, Ordering::Release);
    }
}

/// Whether a thread waits for room in `fd`.
pub fn is_awaited(fd: c_int) -> bool {
    used().any(|place| {
        let tid = place.tid.load(Ordering::Acquire);
        if tid <= 0 || place.fd.load(Relaxed) != fd {
            return false;
        }
        let is_alive = threads::is_alive(tid);
        if !is_alive {
            let _ = place.tid.compare_exchange(tid, 0, Ordering::AcqRel, Relaxed);
        }
        is_alive
    })
}

fn used() -> impl Iterator<Item = &'static Place> {
    TABLE.iter().take(END.load(Ordering::Acquire))
}

impl Place {
    fn is_of(&self, tid: c_int, call: usize) -> bool {
        self.tid.load(Ordering::Acquire) == tid && self.call.load(Relaxed) == call
    }
}

/// In a forked child: the parent's threads wait there, and not here.
pub fn forked() {
    used().for_each(|place| place.tid.store(0, Relaxed));
}
