//! What is known of each descriptor: a table of slots, indexed by the number, that any thread may
//! use at any time, in a signal handler too. Slots are changed by compare-and-swap; memory comes in
//! chunks, straight from the kernel, and is never given back.

use crate::watched::WATCHABLE;
use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use std::ffi::c_int;
use std::mem::size_of;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

const CHUNK_SLOTS: usize = 1024;

/// What is known of one descriptor.
#[derive(Debug)]
pub struct Slot(AtomicU64);

/// A slot's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct State {
    /// How often the number was closed. Wraps.
    pub generation: u32,
    /// It is an epoll.
    pub is_epoll: bool,
    /// In how many epolls it is registered.
    pub registrations: u32,
}

const IS_EPOLL: u64 = 1 << 31;

impl State {
    /// Whether the hooks are to tell of the descriptor.
    pub fn is_known(self) -> bool {
        self.is_epoll || self.registrations > 0
    }

    fn from_bits(bits: u64) -> Self {
        Self {
            generation: (bits >> 32) as u32,
            is_epoll: bits & IS_EPOLL != 0,
            registrations: (bits & (IS_EPOLL - 1)) as u32,
        }
    }

    fn to_bits(self) -> u64 {
        u64::from(self.generation) << 32
            | if self.is_epoll { IS_EPOLL } else { 0 }
            | u64::from(self.registrations)
    }
}

impl Slot {
    /// The content, now.
    pub fn get(&self) -> State {
        State::from_bits(self.0.load(Ordering::Acquire))
    }

    /// Changes it, and returns what it is then.
    pub fn update(&self, mut change: impl FnMut(&mut State)) -> State {
        let mut bits = self.0.load(Ordering::Acquire);
        loop {
            let mut state = State::from_bits(bits);
            change(&mut state);
            let changed = state.to_bits();
            match self.0.compare_exchange_weak(bits, changed, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return state,
                Err(current) => bits = current,
            }
        }
    }
}

type Chunk = [Slot; CHUNK_SLOTS];

static CHUNKS: [AtomicPtr<Chunk>; WATCHABLE / CHUNK_SLOTS] =
    [const { AtomicPtr::new(ptr::null_mut()) }; WATCHABLE / CHUNK_SLOTS];

/// The slot of a descriptor; none where the number is too high, or there is no memory.
pub fn slot(fd: c_int) -> Option<&'static Slot> {
    let fd = usize::try_from(fd).ok()?;
    let place = CHUNKS.get(fd / CHUNK_SLOTS)?;
    let mut chunk = place.load(Ordering::Acquire);
    if chunk.is_null() {
        chunk = new_chunk(place)?;
    }
    // SAFETY: a chunk is a mapping of its size, zeroed by the kernel, which is a valid value of the
    // atomics in it; it is never unmapped once it is in its place.
    Some(unsafe { &(*chunk)[fd % CHUNK_SLOTS] })
}

fn new_chunk(place: &AtomicPtr<Chunk>) -> Option<*mut Chunk> {
    let size = size_of::<Chunk>();
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new private mapping at an address of the kernel's choice.
    let memory =
        unsafe { mmap_anonymous(ptr::null_mut(), size, protection, MapFlags::PRIVATE) }.ok()?;
    let chunk: *mut Chunk = memory.cast();
    let null = ptr::null_mut();
    match place.compare_exchange(null, chunk, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => Some(chunk),
        Err(earlier) => {
            // SAFETY: the mapping is the one made above, and nobody else has seen it.
            let _ = unsafe { munmap(memory, size) };
            Some(earlier)
        }
    }
}
