//! A value for each descriptor's number, which any thread uses at any time, in a signal handler too: no lock.
//!
//! Memory comes in chunks, straight from the kernel, and is never given back.
//!
//! Surprising: a number that is too high has no value.

use crate::runtime::pages;
use crate::runtime::watched::WATCHABLE;
use rustix::mm::MapFlags;
use std::ffi::c_int;
use std::mem::size_of;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

const CHUNK: usize = 1024;

type Chunk<T> = [T; CHUNK];

/// A type whose values are valid when all their bytes are 0.
///
/// # Safety
///
/// They are.
pub unsafe trait Zeroed: Sync {}

// SAFETY: 0 is a number.
unsafe impl Zeroed for AtomicU64 {}

/// The values of all descriptors.
pub struct Chunks<T>([AtomicPtr<Chunk<T>>; WATCHABLE / CHUNK]);

impl<T: Zeroed> Chunks<T> {
    /// None has been asked for.
    pub const fn new() -> Self {
        Self([const { AtomicPtr::new(ptr::null_mut()) }; WATCHABLE / CHUNK])
    }

    /// The value of a descriptor; `None` where the number is too high, or there is no memory.
    pub fn of(&'static self, fd: c_int) -> Option<&'static T> {
        let fd = usize::try_from(fd).ok()?;
        let place = self.0.get(fd / CHUNK)?;
        let mut chunk = place.load(Ordering::Acquire);
        if chunk.is_null() {
            chunk = new_chunk(place)?;
        }
        // SAFETY: a chunk is a mapping of its size, zeroed by the kernel, which is a valid value of the
        // type; it is never unmapped once it is in its place.
        Some(unsafe { &(*chunk)[fd % CHUNK] })
    }

    /// Makes the values of all descriptors below this number.
    pub fn prepare(&'static self, end: c_int) {
        (0..end).step_by(CHUNK).for_each(|fd| _ = self.of(fd));
    }
}

fn new_chunk<T>(place: &AtomicPtr<Chunk<T>>) -> Option<*mut Chunk<T>> {
    let size = size_of::<Chunk<T>>();
    let memory = pages::map(size, MapFlags::PRIVATE)?;
    let chunk: *mut Chunk<T> = memory.cast();
    match place.compare_exchange(ptr::null_mut(), chunk, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => Some(chunk),
        Err(earlier) => {
            // SAFETY: the mapping is the one made above, and no other thread has its address.
            unsafe { pages::unmap(memory, size) };
            Some(earlier)
        }
    }
}
