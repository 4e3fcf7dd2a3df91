//! What was seen of a thread that stood still, and return addresses.

use crate::text::Text;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering::Relaxed};

/// Callers that are kept of a thread that stands still.
pub const DEPTH: usize = 16;

/// Return addresses, the innermost first.
#[derive(Debug)]
#[repr(C)]
pub struct Addresses {
    pub depth: AtomicU32,
    pub all: [AtomicU64; DEPTH],
}

/// What was seen of a thread that stood still.
#[derive(Debug)]
#[repr(C)]
pub struct Stall {
    /// What its turns were, and whether the observer has [reported](REPORTED) it; 0: nothing was seen.
    pub turn: AtomicU64,
    pub nanos: AtomicU64,
    pub call: Text<32>,
    pub stack: Addresses,
    pub write_end: AtomicI32,
    pub read_end: AtomicI32,
}

/// Behind the 32 bits of the turn.
pub const REPORTED: u64 = 1 << 32;

/// A thread that stood still.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// The epoll that it did not wait on.
    pub epfd: i32,
    /// For so long.
    pub nanos: u64,
    /// The system call that it slept in; empty: it computed.
    pub call: String,
    /// Return addresses, the innermost first.
    pub stack: Vec<u64>,
    /// The ends of a full pipe of its own in which it slept, that for writing first.
    pub pipe: Option<(i32, i32)>,
    /// The observer has written the report, before the thread waited again.
    pub is_reported: bool,
}

impl Addresses {
    pub fn set(&self, addresses: &[u64]) {
        for (place, address) in self.all.iter().zip(addresses) {
            place.store(*address, Relaxed);
        }
        self.depth.store(addresses.len().min(DEPTH) as u32, Relaxed);
    }

    pub fn get(&self) -> Vec<u64> {
        let depth = (self.depth.load(Relaxed) as usize).min(DEPTH);
        self.all[..depth].iter().map(|place| place.load(Relaxed)).collect()
    }
}

impl Stall {
    pub fn read(&self, epfd: i32, turn: u64) -> Seen {
        let write_end = self.write_end.load(Relaxed);
        Seen {
            epfd,
            nanos: self.nanos.load(Relaxed),
            call: self.call.get().unwrap_or_default(),
            stack: self.stack.get(),
            pipe: (write_end >= 0).then(|| (write_end, self.read_end.load(Relaxed))),
            is_reported: turn & REPORTED != 0,
        }
    }
}
