//! Call sites with their callers. A site is a return address; or, where the callers were recorded
//! too, the number of a stack that is kept here once.
//!
//! The unwinder finds the callers, which takes microseconds: only for calls that are rare, and never
//! for reads, writes and closes.
//!
//! Surprising: a call has its own address only where another thread is recording a stack just now.

use crate::runtime::lock::{Lock, Locked, PATIENCE};
use epshim_check::options::MAX_STACK_DEPTH;
use epshim_check::ports::Site;
use std::collections::BTreeMap;
use std::ffi::{c_int, c_void};
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

unsafe extern "C" {
    // Of libgcc_s, which Rust's own panics are unwound by (unwind.h).
    fn _Unwind_Backtrace(
        visit: unsafe extern "C" fn(*mut c_void, *mut c_void) -> c_int,
        argument: *mut c_void,
    ) -> c_int;
    fn _Unwind_GetIP(frame: *mut c_void) -> usize;
}

/// Before the checking starts: how many callers are recorded.
pub fn start(depth: u8) {
    DEPTH.store(usize::from(depth), Relaxed);
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
    let mut walk =
        Walk { from: site.addr(), frames: [0; MAX_STACK_DEPTH as usize + 1], length: 0, depth };
    // SAFETY: `visit` gets the walk, which outlives the call, and no other code uses it meanwhile.
    unsafe { _Unwind_Backtrace(visit, (&raw mut walk).cast()) };
    if walk.length < 2 {
        return address;
    }
    // This thread does not wait for another one that holds the lock now.
    let number = KEPT.with(0, |kept| kept.number(&walk.frames[..walk.length])).flatten();
    number.map_or(address, |number| Site(IS_STACK | number))
}

/// The return addresses of a site, the innermost first.
pub fn of(site: Site) -> Vec<usize> {
    if site.0 & IS_STACK == 0 {
        return vec![site.0 as usize];
    }
    let stack = |kept: &mut Kept| Some(kept.stacks.get((site.0 & !IS_STACK) as usize)?.to_vec());
    KEPT.with(PATIENCE, stack).flatten().unwrap_or_default()
}

/// The lock, to be held across a fork.
pub fn lock() -> &'static Lock {
    KEPT.lock()
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

struct Walk {
    /// The innermost frame that is wanted: the frames before it are the library's own.
    from: usize,
    frames: [usize; MAX_STACK_DEPTH as usize + 1],
    length: usize,
    /// The number of its callers that are wanted.
    depth: usize,
}

/// # Safety
/// `walk` is a `Walk`, and `frame` the unwinder's.
unsafe extern "C" fn visit(frame: *mut c_void, walk: *mut c_void) -> c_int {
    const NO_REASON: c_int = 0;
    const END_OF_STACK: c_int = 5;
    // SAFETY: as the caller promises.
    let (address, walk) = unsafe { (_Unwind_GetIP(frame), &mut *walk.cast::<Walk>()) };
    if walk.length > 0 || address == walk.from {
        if address == 0 {
            return END_OF_STACK;
        }
        walk.frames[walk.length] = address;
        walk.length += 1;
    }
    if walk.length > walk.depth { END_OF_STACK } else { NO_REASON }
}
