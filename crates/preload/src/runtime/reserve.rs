//! The reserve: memory that the heap has in hand for the moment when the kernel refuses. Rust's tables
//! cannot do without what they ask for, so the refusal must not reach them: the process would be aborted.
//!
//! The reserve pays for all that one call of a hook, one pass of the monitor or one report can still ask
//! for, until the checker gives up. That is what is small, and every table doubling once. So it is a
//! mebibyte and twice the bytes of all large blocks, and it grows before a large block is granted. What
//! may grow further than that, the reading of a file, looks whether memory is out, and stops.
//!
//! It costs address space: a page of it is memory when it is used.
//!
//! In a sandbox the kernel is not asked for memory at all. Before the program enters one the reserve gets a
//! part that is for that time, and memory is out when it is used up.
//!
//! Surprising: nothing goes back into it. Memory runs out once.

use crate::runtime::lock::{Lock, Locked, PATIENCE};
use crate::runtime::pages;
use crate::runtime::sandbox::{self, Call};
use rustix::mm::MapFlags;
use std::cell::UnsafeCell;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

const PAGE: usize = 4096;
/// What is there from the start: it is a part of the library, without which that is not loaded.
const STANDING: usize = 1 << 20;

#[repr(align(4096))]
struct Standing(UnsafeCell<[u8; STANDING]>);

// SAFETY: every piece of it is handed out once, under the lock.
unsafe impl Sync for Standing {}

static STANDING_MEMORY: Standing = Standing(UnsafeCell::new([0; STANDING]));
/// Where the rest lies, and its size; written under the lock.
static START: AtomicUsize = AtomicUsize::new(0);
static SIZE: AtomicUsize = AtomicUsize::new(0);
static TAKEN: Locked<Taken> = Locked::new(Taken { of_standing: 0, of_rest: 0 });

/// What the rest must have, to pay for what is out of the ordinary.
static WANTED: AtomicUsize = AtomicUsize::new(0);
/// For the time in a sandbox.
const IN_SANDBOX: usize = 8 << 20;

/// Bytes that were handed out.
#[derive(Debug)]
struct Taken {
    of_standing: usize,
    of_rest: usize,
}

impl Taken {
    /// Whether the rest has this many bytes left.
    fn has_rest(&self, size: usize) -> bool {
        size <= SIZE.load(Relaxed) - self.of_rest
    }

    fn take_standing(&mut self, size: usize) -> Option<*mut u8> {
        (size <= STANDING - self.of_standing).then(|| {
            self.of_standing += size;
            STANDING_MEMORY.0.get().cast::<u8>().wrapping_add(self.of_standing - size)
        })
    }

    fn take_rest(&mut self, size: usize) -> Option<*mut u8> {
        self.has_rest(size).then(|| {
            self.of_rest += size;
            ptr::with_exposed_provenance_mut(START.load(Relaxed) + self.of_rest - size)
        })
    }
}

/// The lock, to be held across a fork.
pub fn lock() -> &'static Lock {
    TAKEN.lock()
}

/// There will be this number of bytes in large blocks: the reserve grows to pay for twice as many. False:
/// it cannot.
pub fn keep_for(large: usize) -> bool {
    let wanted = large.saturating_mul(2).next_multiple_of(PAGE);
    WANTED.store(wanted, Relaxed);
    if !sandbox::may(Call::Memory) {
        return TAKEN.with(PATIENCE, |taken| taken.has_rest(wanted)).unwrap_or(false);
    }
    if wanted <= SIZE.load(Relaxed) {
        return true;
    }
    TAKEN.with(PATIENCE, |taken| taken.of_rest == 0 && grow(wanted)).unwrap_or(false)
}

/// The program is about to enter a sandbox: the reserve gets what is used there. False: it cannot.
pub fn prepare_for_sandbox() -> bool {
    let wanted = WANTED.load(Relaxed) + IN_SANDBOX;
    TAKEN.with(PATIENCE, |taken| taken.of_rest == 0 && grow(wanted)).unwrap_or(false)
}

/// Under the lock, while nothing is taken of the rest.
fn grow(wanted: usize) -> bool {
    let (start, size) = (START.load(Relaxed), SIZE.load(Relaxed));
    let new = if size == 0 {
        pages::map(wanted, MapFlags::PRIVATE | MapFlags::NORESERVE)
    } else if wanted > size {
        // SAFETY: the mapping that was made here, of which nothing is taken.
        unsafe { pages::remap(ptr::with_exposed_provenance_mut(start), size, wanted, true) }
    } else {
        return true;
    };
    if let Some(new) = new {
        START.store(new.expose_provenance(), Relaxed);
        SIZE.store(wanted, Relaxed);
    }
    new.is_some()
}

/// A zeroed piece, for good. Null: not even the reserve has it.
pub fn take(size: usize) -> *mut u8 {
    let size = size.next_multiple_of(PAGE);
    let taken = TAKEN.with(PATIENCE, |taken| {
        if !sandbox::may(Call::Memory) {
            if taken.has_rest(size + WANTED.load(Relaxed)) {
                return taken.take_rest(size);
            }
            pages::run_out();
        }
        taken.take_standing(size).or_else(|| taken.take_rest(size))
    });
    taken.flatten().unwrap_or(ptr::null_mut())
}

/// Whether a block is a piece of the reserve.
pub fn has(block: *mut u8) -> bool {
    let standing = STANDING_MEMORY.0.get().addr();
    block.addr().wrapping_sub(standing) < STANDING
        || block.addr().wrapping_sub(START.load(Relaxed)) < SIZE.load(Relaxed)
}

/// The checker has given up: gives back what no block lies in.
pub fn release() {
    TAKEN.with(0, |taken| {
        let (start, size) = (START.load(Relaxed), SIZE.load(Relaxed));
        let used = taken.of_rest;
        SIZE.store(used, Relaxed);
        if size > used {
            let unused = ptr::with_exposed_provenance_mut(start + used);
            // SAFETY: an end of the mapping that was made here, in whole pages, of which nothing is taken.
            let is_gone = unsafe { pages::unmap(unused, size - used) };
            if !is_gone {
                SIZE.store(size, Relaxed);
            }
        }
    });
}
