//! A slot: what is known of one descriptor. 64 bytes of atomics, which any thread changes by
//! compare-and-swap at any time, in a signal handler too.
//!
//! Owns the form of the words. The fields hold together one by one only: a slot that is read while
//! another thread changes it may be half of the old state and half of the new.

use epshim_observe::Io;
use epshim_observe::Kind;
use std::ffi::c_int;
use std::mem::size_of;
use std::sync::atomic::{
    AtomicBool, AtomicI32, AtomicU8, AtomicU32, AtomicU64, Ordering, Ordering::Relaxed,
};

/// What is known of one descriptor.
#[derive(Debug)]
pub struct Slot {
    state: AtomicU64,
    io: AtomicU64,
    /// Where it was last read or accepted from, a write was last short, the number was last closed,
    /// and its file last duplicated.
    pub read: AtomicU64,
    pub written: AtomicU64,
    pub closed: AtomicU64,
    pub duplicated: AtomicU64,
    /// The latest two that it has exchanged data with, as [`name`] writes them; 0: none.
    partners: [AtomicU32; 2],
    /// A `Kind` as a number, from 1; 0: not asked yet.
    kind: AtomicU8,
    /// 0: not asked yet; 1: it does not block; 2: it may.
    blocking: AtomicU8,
    /// The errno of the latest input call, where it failed; all have less than 8 bits.
    pub error: AtomicU8,
    /// The thread that was given it with others, has not waited since, and has not used it; 0: none.
    pub batch: AtomicI32,
    /// Reads that take bytes are told to the model.
    pub tells_reads: AtomicBool,
}

// 64 of the 256 bytes that a registration may cost.
const _: () = assert!(size_of::<Slot>() <= 64);

/// Who watches the descriptor, and which file it is: the part of a slot that decides whether the
/// hooks report its calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct State {
    /// How often the number was closed. Wraps.
    pub generation: u32,
    /// It is an epoll.
    pub is_epoll: bool,
    /// The number of epolls that it is registered in.
    pub registrations: u32,
    /// It was deleted from an epoll after a hang-up or an empty datagram, or while others may have inherited it, and
    /// not closed yet.
    pub is_left: bool,
    /// Epoll refused the file: whether the program does without is to be seen.
    pub is_refused: bool,
    /// A connect of it goes on, or has failed, and it was not registered since.
    pub is_connecting: bool,
    /// It was closed by the thread of its batch: that may use it still.
    pub is_stale: bool,
}

const IS_EPOLL: u64 = 1 << 31;
const IS_LEFT: u64 = 1 << 30;
const IS_REFUSED: u64 = 1 << 29;
const IS_CONNECTING: u64 = 1 << 28;
const IS_STALE: u64 = 1 << 27;

impl State {
    /// Whether the hooks are to report calls on the number.
    pub fn is_reported(self) -> bool {
        self.is_known() || self.is_stale
    }

    /// Whether the file that is open under the number is known. Where it is not, the rest of the slot is of the file
    /// before: the number may be any file's, opened by a call that no hook sees.
    pub fn is_known(self) -> bool {
        let is_watched = self.is_epoll || self.registrations > 0;
        is_watched || self.is_left || self.is_refused || self.is_connecting
    }

    fn from_bits(bits: u64) -> Self {
        Self {
            generation: (bits >> 32) as u32,
            is_epoll: bits & IS_EPOLL != 0,
            registrations: (bits & (IS_STALE - 1)) as u32,
            is_left: bits & IS_LEFT != 0,
            is_refused: bits & IS_REFUSED != 0,
            is_connecting: bits & IS_CONNECTING != 0,
            is_stale: bits & IS_STALE != 0,
        }
    }

    fn to_bits(self) -> u64 {
        u64::from(self.generation) << 32
            | if self.is_epoll { IS_EPOLL } else { 0 }
            | if self.is_left { IS_LEFT } else { 0 }
            | if self.is_refused { IS_REFUSED } else { 0 }
            | if self.is_connecting { IS_CONNECTING } else { 0 }
            | if self.is_stale { IS_STALE } else { 0 }
            | u64::from(self.registrations)
    }
}

/// The bits of a generation that are in a name.
const GENERATION: u32 = 0x7ff;

/// A descriptor and its generation in one word, never 0: watched numbers have 20 bits.
pub fn name(fd: c_int, generation: u32) -> u32 {
    (fd as u32 + 1) << 11 | generation & GENERATION
}

/// The number in a name, and the bits of its generation.
pub fn named(name: u32) -> Option<(c_int, u32)> {
    let fd = (name >> 11).checked_sub(1)?;
    Some((fd as c_int, name & GENERATION))
}

const KINDS: [Kind; 8] = [
    Kind::Unknown,
    Kind::Stream,
    Kind::Listener,
    Kind::Datagram,
    Kind::Pipe,
    Kind::Counter,
    Kind::Queue,
    Kind::Epoll,
];

impl Slot {
    /// The state, now.
    pub fn get(&self) -> State {
        State::from_bits(self.state.load(Ordering::Acquire))
    }

    /// Changes the state, and returns what it is then.
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

    /// Input and output of the descriptor, now.
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

    /// What the descriptor is open on; `ask` asks the kernel, once for each file.
    pub fn kind(&self, ask: impl FnOnce() -> Kind) -> Kind {
        let known = self.kind.load(Relaxed);
        if let Some(&kind) = known.checked_sub(1).and_then(|kind| KINDS.get(usize::from(kind))) {
            return kind;
        }
        let kind = ask();
        let number = KINDS.iter().position(|&one| one == kind).unwrap_or(0) as u8;
        self.kind.store(number + 1, Relaxed);
        kind
    }

    /// Whether calls on it may block; `ask` asks the kernel, once until `O_NONBLOCK` may change.
    pub fn may_block(&self, ask: impl FnOnce() -> bool) -> bool {
        if self.blocking.load(Relaxed) == 0 {
            self.blocking.store(if ask() { 2 } else { 1 }, Relaxed);
        }
        self.blocking.load(Relaxed) == 2
    }

    /// It has exchanged data with the descriptor of this name.
    pub fn exchanged(&self, name: u32) {
        let [latest, earlier] = &self.partners;
        let before = latest.load(Relaxed);
        if before != name && earlier.load(Relaxed) != name {
            earlier.store(before, Relaxed);
            latest.store(name, Relaxed);
        }
    }

    /// The names of the descriptors that it has exchanged data with; 0: none.
    pub fn partners(&self) -> [u32; 2] {
        [self.partners[0].load(Relaxed), self.partners[1].load(Relaxed)]
    }

    /// `O_NONBLOCK` may have changed.
    pub fn forget_blocking(&self) {
        self.blocking.store(0, Relaxed);
    }

    /// Another file is open under the number: what was known of the one before does not hold.
    pub fn begin_anew(&self) {
        self.io.store(0, Relaxed);
        self.kind.store(0, Relaxed);
        self.blocking.store(0, Relaxed);
        self.read.store(0, Relaxed);
        self.written.store(0, Relaxed);
        self.error.store(0, Relaxed);
        self.tells_reads.store(false, Relaxed);
        self.partners.iter().for_each(|partner| partner.store(0, Relaxed));
    }
}
