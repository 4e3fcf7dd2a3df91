//! Call sites with their callers. A site is a return address; or, where the callers were recorded
//! too, the number of a stack that is kept here once.
//!
//! Callers are found by the unwinder, which takes microseconds: only for calls that are rare, and
//! never for reads, writes and closes.

use epshim_check::options::MAX_STACK_DEPTH;
use epshim_check::world::Site;
use std::collections::HashMap;
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, TryLockError};

/// No address of a program has this bit.
const IS_STACK: u64 = 1 << 63;
/// So many different stacks are kept; a call after that has its own address only.
const STACKS: usize = 4096;

static DEPTH: AtomicUsize = AtomicUsize::new(0);
static KEPT: Mutex<Kept> = Mutex::new(Kept { stacks: Vec::new(), numbers: None });

struct Kept {
    stacks: Vec<Box<[usize]>>,
    numbers: Option<HashMap<Box<[usize]>, u64>>,
}

unsafe extern "C" {
    // Of libgcc_s, which Rust's own panics are unwound by (unwind.h).
    fn _Unwind_Backtrace(
        visit: unsafe extern "C" fn(*mut c_void, *mut c_void) -> c_int,
        argument: *mut c_void,
    ) -> c_int;
    fn _Unwind_GetIP(frame: *mut c_void) -> usize;
}

/// Before anything is told: so many callers are recorded.
pub fn start(depth: u8) {
    DEPTH.store(usize::from(depth), Relaxed);
}

/// The call that returns to `site`, with its callers.
pub fn capture(site: *const c_void) -> Site {
    let address = Site(site.addr() as u64);
    let depth = DEPTH.load(Relaxed);
    if depth == 0 {
        return address;
    }
    let mut walk =
        Walk { from: site.addr(), frames: [0; MAX_STACK_DEPTH as usize + 1], length: 0, depth };
    // SAFETY: `visit` gets the walk, which outlives the call, and nobody else looks at it.
    unsafe { _Unwind_Backtrace(visit, (&raw mut walk).cast()) };
    if walk.length < 2 {
        return address;
    }
    // A thread that has it now is not waited for: it may be one that a fork has left behind.
    let mut kept = match KEPT.try_lock() {
        Ok(kept) => kept,
        Err(TryLockError::Poisoned(_) | TryLockError::WouldBlock) => return address,
    };
    kept.number(&walk.frames[..walk.length]).map_or(address, |number| Site(IS_STACK | number))
}

/// The return addresses of a site, the innermost first.
pub fn of(site: Site) -> Vec<usize> {
    if site.0 & IS_STACK == 0 {
        return vec![site.0 as usize];
    }
    let kept = KEPT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    kept.stacks.get((site.0 & !IS_STACK) as usize).map_or_else(Vec::new, |stack| stack.to_vec())
}

impl Kept {
    fn number(&mut self, frames: &[usize]) -> Option<u64> {
        let numbers = self.numbers.get_or_insert_with(HashMap::new);
        if let Some(&number) = numbers.get(frames) {
            return Some(number);
        }
        if self.stacks.len() == STACKS {
            return None;
        }
        let number = self.stacks.len() as u64;
        self.stacks.push(frames.into());
        numbers.insert(frames.into(), number);
        Some(number)
    }
}

struct Walk {
    /// The innermost frame that is wanted: those before it are the library's own.
    from: usize,
    frames: [usize; MAX_STACK_DEPTH as usize + 1],
    length: usize,
    /// Callers beside it.
    depth: usize,
}

/// # Safety
/// `walk` is a `Walk`, and `frame` the unwinder's.
unsafe extern "C" fn visit(frame: *mut c_void, walk: *mut c_void) -> c_int {
    const NO_REASON: c_int = 0;
    const END_OF_STACK: c_int = 5;
    // SAFETY: says the caller.
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
