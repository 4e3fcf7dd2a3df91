//! This thread's place among the loops of the page, in which it says whether it waits: the observer sees
//! there that a loop stands still, when nothing of this process runs.
//!
//! A wait costs two writes to memory that only its thread writes to.

use crate::runtime::{process, shared_page, thread};
use epshim_page::{Loop, Seen};
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// The observer looks at loops.
static ARE_LOOKED_AT: AtomicBool = AtomicBool::new(false);
/// There is no place for the thread.
const NONE: u32 = u32::MAX;

/// Before the checking starts.
pub fn start() {
    ARE_LOOKED_AT.store(shared_page::page().is_some(), Relaxed);
}

/// A wait of this thread begins, which returns to `site`. Returns what the observer has seen of the time before.
///
/// `find_callers`: writes down who called it, where that is not known.
pub fn waits(epfd: c_int, site: *const c_void, find_callers: impl FnOnce(&Loop)) -> Option<Seen> {
    let own = own(true)?;
    let here = 0_u8;
    let seen = own.waits(epfd, site.addr() as u64, (&raw const here).addr() as u64);
    if own.wants_callers() {
        find_callers(own);
    }
    seen
}

/// What the observer has reported of threads of this process that have not waited since.
pub fn reported() -> Vec<(c_int, Seen)> {
    let Some(page) = shared_page::page().filter(|_| ARE_LOOKED_AT.load(Relaxed)) else {
        return Vec::new();
    };
    let own = page.loops.iter().filter(|one| one.pid.load(Relaxed) == process::id());
    own.filter_map(|one| Some((one.tid.load(Relaxed), one.reported()?))).collect()
}

/// It has ended.
pub fn returns() {
    if let Some(own) = own(false) {
        own.returns();
    }
}

fn own(may_take: bool) -> Option<&'static Loop> {
    if !ARE_LOOKED_AT.load(Relaxed) {
        return None;
    }
    let page = shared_page::page()?;
    match thread::place() {
        0 if may_take => {
            let tid = thread::tid();
            let place = page.loops.iter().position(|one| one.take(process::id(), tid));
            thread::set_place(place.map_or(NONE, |place| place as u32 + 1));
            page.loops.get(place?)
        }
        0 | NONE => None,
        place => page.loops.get(place as usize - 1),
    }
}
