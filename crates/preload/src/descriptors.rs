//! What is known of each descriptor: a table of slots, indexed by the number, that any thread may
//! use at any time, in a signal handler too. Slots are changed by compare-and-swap; memory comes in
//! chunks, straight from the kernel, and is never given back.

use crate::questions::descriptor;
use crate::runtime::watched::WATCHABLE;
use epshim_check::Io;
use epshim_check::world::{self, Descriptors, Kind, Site};
use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use std::ffi::c_int;
use std::mem::size_of;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU8, AtomicU64, Ordering, Ordering::Relaxed};

const CHUNK_SLOTS: usize = 1024;

/// What is known of one descriptor.
#[derive(Debug)]
pub struct Slot {
    state: AtomicU64,
    io: AtomicU64,
    /// Where a read last filled its buffer, a write was last short, the number was last closed, and
    /// its file last duplicated.
    pub read: AtomicU64,
    pub written: AtomicU64,
    pub closed: AtomicU64,
    pub duplicated: AtomicU64,
    /// A `Kind` as a number, from 1; 0: not asked yet.
    kind: AtomicU8,
    /// 0: not asked yet; 1: it does not block; 2: it may.
    blocking: AtomicU8,
}

// 64 of the 256 bytes that a registration may cost.
const _: () = assert!(size_of::<Slot>() <= 64);

/// A slot's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct State {
    /// How often the number was closed. Wraps.
    pub generation: u32,
    /// It is an epoll.
    pub is_epoll: bool,
    /// In how many epolls it is registered.
    pub registrations: u32,
    /// It was deleted from one after a hang-up, and not closed yet.
    pub is_left: bool,
}

const IS_EPOLL: u64 = 1 << 31;
const IS_LEFT: u64 = 1 << 30;

impl State {
    /// Whether the hooks are to tell of the descriptor.
    pub fn is_known(self) -> bool {
        self.is_epoll || self.registrations > 0 || self.is_left
    }

    fn from_bits(bits: u64) -> Self {
        Self {
            generation: (bits >> 32) as u32,
            is_epoll: bits & IS_EPOLL != 0,
            registrations: (bits & (IS_LEFT - 1)) as u32,
            is_left: bits & IS_LEFT != 0,
        }
    }

    fn to_bits(self) -> u64 {
        u64::from(self.generation) << 32
            | if self.is_epoll { IS_EPOLL } else { 0 }
            | if self.is_left { IS_LEFT } else { 0 }
            | u64::from(self.registrations)
    }
}

impl Slot {
    /// The content, now.
    pub fn get(&self) -> State {
        State::from_bits(self.state.load(Ordering::Acquire))
    }

    /// Changes it, and returns what it is then.
    pub fn update(&self, mut change: impl FnMut(&mut State)) -> State {
        let mut bits = self.state.load(Ordering::Acquire);
        loop {
            let mut state = State::from_bits(bits);
            change(&mut state);
            let changed = state.to_bits();
            match self.state.compare_exchange_weak(
                bits,
                changed,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return state,
                Err(current) => bits = current,
            }
        }
    }

    /// Its input and output, now.
    pub fn io(&self) -> Io {
        Io::from_bits(self.io.load(Relaxed))
    }

    /// Input or output happened: what was, and what is then.
    pub fn did(&self, mut step: impl FnMut(Io) -> Io) -> (Io, Io) {
        let mut before = self.io.load(Relaxed);
        loop {
            let after = step(Io::from_bits(before)).bits();
            match self.io.compare_exchange_weak(before, after, Relaxed, Relaxed) {
                Ok(_) => return (Io::from_bits(before), Io::from_bits(after)),
                Err(current) => before = current,
            }
        }
    }

    /// Another file is open under the number: what was known of the one before does not hold.
    pub fn begin_anew(&self) {
        self.io.store(0, Relaxed);
        self.kind.store(0, Relaxed);
        self.blocking.store(0, Relaxed);
        self.read.store(0, Relaxed);
        self.written.store(0, Relaxed);
    }

    /// `O_NONBLOCK` may have changed.
    pub fn forget_blocking(&self) {
        self.blocking.store(0, Relaxed);
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

/// The table, as the model asks for it.
#[derive(Debug)]
pub struct Table;

impl Descriptors for Table {
    fn state(&self, fd: c_int) -> (u32, Io) {
        slot(fd).map_or((0, Io::default()), |slot| (slot.get().generation, slot.io()))
    }

    fn get(&self, fd: c_int) -> world::Descriptor {
        let Some(slot) = slot(fd) else { return world::Descriptor::default() };
        let site = |site: &AtomicU64| Site(site.load(Relaxed));
        world::Descriptor {
            generation: slot.get().generation,
            io: slot.io(),
            read: site(&slot.read),
            written: site(&slot.written),
            closed: site(&slot.closed),
            duplicated: site(&slot.duplicated),
        }
    }

    fn kind(&self, fd: c_int) -> Kind {
        let Some(slot) = slot(fd) else { return Kind::Unknown };
        let known = slot.kind.load(Relaxed);
        if let Some(&kind) = known.checked_sub(1).and_then(|kind| KINDS.get(usize::from(kind))) {
            return kind;
        }
        let kind = descriptor::kind(fd);
        let number = KINDS.iter().position(|&one| one == kind).unwrap_or(0) as u8;
        slot.kind.store(number + 1, Relaxed);
        kind
    }

    fn may_block(&self, fd: c_int) -> bool {
        let Some(slot) = slot(fd) else { return false };
        if slot.blocking.load(Relaxed) == 0 {
            slot.blocking.store(if descriptor::may_block(fd) { 2 } else { 1 }, Relaxed);
        }
        slot.blocking.load(Relaxed) == 2
    }

    fn hung_up(&self, fd: c_int) {
        if let Some(slot) = slot(fd) {
            slot.did(Io::hung_up);
        }
    }
}

const KINDS: [Kind; 7] = [
    Kind::Unknown,
    Kind::Stream,
    Kind::Listener,
    Kind::Datagram,
    Kind::Pipe,
    Kind::Counter,
    Kind::Epoll,
];
