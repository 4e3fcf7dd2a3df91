//! Call sites with their callers. A site is a return address; or, where the callers were recorded
//! too, the number of a stack that is kept here once.
//!
//! The walk to the callers (`questions/callers.rs`) takes microseconds: only for calls that are rare, and
//! never for reads, writes and closes.
//!
//! Surprising: a call has its own address only where other threads are recording stacks just now, where the
//! kernel copies no memory, and on architectures whose stacks are not walked.

use crate::questions::callers;
use crate::runtime::lock::{Locked, PATIENCE};
use epshim_check::ports::Site;
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// No address of a program has this bit: those of 32 bits are too short, and the upper half of 64
/// bits is the kernel's.
const IS_STACK: u64 = 1 << 63;
/// The number of different stacks that are kept; a call after that has its own address only.
const STACKS: usize = 4096;

static DEPTH: AtomicUsize = AtomicUsize::new(0);
static KEPT: Locked<Kept> = Locked::new(Kept { stacks: Vec::new(), numbers: BTreeMap::new() });

struct Kept {
    stacks: Vec<Box<[usize]>>,
    /// Sorted and not hashed: a hash is seeded with what may have to be read from a file.
    numbers: BTreeMap<Box<[usize]>, u64>,
}

/// Before the checking starts: how many callers are recorded.
pub fn start(depth: u8) {
    DEPTH.store(usize::from(depth), Relaxed);
    if depth > 0 {
        callers::prepare(depth.into());
    }
}

/// The call that returns to `site`, without its callers.
pub fn only(site: *const c_void) -> Site {
    Site(site.addr() as u64)
}

/// The call that returns to `site`, with its callers.
pub fn capture(site: *const c_void) -> Site {
    let address = only(site);
    let depth = DEPTH.load(Relaxed);
    if depth == 0 {
        return address;
    }
    let kept = callers::of_call(site.addr(), depth, |frames| {
        if frames.len() < 2 {
            return None;
        }
        // This thread does not wait for another one that holds the lock now.
        KEPT.with(0, |kept| kept.number(frames)).flatten()
    });
    kept.flatten().map_or(address, |number| Site(IS_STACK | number))
}

/// The return addresses of a site, the innermost first.
pub fn of(site: Site) -> Vec<usize> {
    if site.0 & IS_STACK == 0 {
        return vec![site.0 as usize];
    }
    let stack = |kept: &mut Kept| Some(kept.stacks.get((site.0 & !IS_STACK) as usize)?.to_vec());
    KEPT.with(PATIENCE, stack).flatten().unwrap_or_default()
}

/// Before fork(3): takes what guards the stacks. False: a thread does not give it back.
pub fn before_fork() -> bool {
    if !callers::before_fork() {
        return false;
    }
    let is_taken = KEPT.lock().take(PATIENCE);
    if !is_taken {
        callers::after_fork();
    }
    is_taken
}

/// After fork(3), in both processes: gives it back.
pub fn after_fork() {
    KEPT.lock().give();
    callers::after_fork();
}

/// In a forked child.
pub fn forked() {
    callers::forked();
}

impl Kept {
    fn number(&mut self, frames: &[usize]) -> Option<u64> {
        if let Some(&number) = self.numbers.get(frames) {
            return Some(number);
        }
        if self.stacks.len() == STACKS {
            return None;
        }
        let number = self.stacks.len() as u64;
        self.stacks.push(frames.into());
        self.numbers.insert(frames.into(), number);
        Some(number)
    }
}
