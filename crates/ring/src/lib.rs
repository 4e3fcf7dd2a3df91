//! The rings: memory through which the threads of watched processes hand records to the observer beside
//! them, which empties all rings again and again.
//!
//! A ring has one writer, the thread that has it, and one reader. It is 65,536 records of 32 bytes, and holds no
//! address: any bytes are a valid ring, so that a process that was killed in the middle, or has gone wild,
//! misleads the reader and no more. Nothing here makes a system call: the command makes the memory, the library
//! maps it, and neither waits for the other. A record for which there is no room is dropped and counted, and
//! the reader is told where in the stream that was.
//!
//! `ring.rs` is a ring and its two sides, `form.rs` what a record is, `record.rs` and `reader.rs` what observations are in records, `empty.rs` the waits that are
//! packed.

#![forbid(unsafe_code)]

mod empty;
mod form;
mod reader;
mod record;
mod ring;

pub use form::Record;
pub use reader::{Reader, Written};
pub use ring::{RECORDS, Ring};

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// The rings that the memory has room for. Only those that are used take memory.
pub const RINGS: usize = 128;
/// The rings of a process that is short of address space.
pub const FEW_RINGS: usize = 8;

/// What stands before the rings, on a page of its own.
#[derive(Debug)]
#[repr(C, align(4096))]
pub struct Header {
    identity: AtomicU64,
    /// No ring from this one on was ever used.
    pub used: AtomicU32,
    /// The recording has ended: nothing more is to be written.
    pub is_over: AtomicU32,
    /// Observations of threads for which there was no ring.
    pub lost: AtomicU64,
    /// Processes that are not recorded: children in a pid namespace of their own, or too many.
    pub unrecorded: AtomicU32,
}

/// "epring", the version of the layout, and the size of a ring: the program may be for another architecture.
const IDENTITY: u64 = 0x6570_7269_6e67_0000 | 3 << 40 ^ size_of::<Ring>() as u64;

/// Bytes of the memory that has the header and this number of rings.
#[must_use]
pub const fn size(rings: usize) -> usize {
    size_of::<Header>() + rings * size_of::<Ring>()
}

/// How many rings fit into memory of this size.
#[must_use]
pub const fn rings_in(size: usize) -> usize {
    size.saturating_sub(size_of::<Header>()) / size_of::<Ring>()
}

impl Default for Header {
    fn default() -> Self {
        Self::new()
    }
}

impl Header {
    /// Zeros.
    #[must_use]
    pub const fn new() -> Self {
        let (used, is_over) = (AtomicU32::new(0), AtomicU32::new(0));
        let unrecorded = AtomicU32::new(0);
        Self { identity: AtomicU64::new(0), used, is_over, lost: AtomicU64::new(0), unrecorded }
    }

    /// In new memory, which is zero.
    pub fn begin(&self) {
        self.identity.store(IDENTITY, Relaxed);
    }

    /// Whether it has this layout.
    #[must_use]
    pub fn is_one(&self) -> bool {
        self.identity.load(Relaxed) == IDENTITY
    }

    /// A ring that no thread has, which is this thread's from now on.
    #[must_use]
    pub fn take<'a>(&self, rings: &'a [Ring], pid: i32, tid: i32) -> Option<(usize, &'a Ring)> {
        let (place, ring) = rings.iter().enumerate().find(|(_, ring)| ring.take(pid, tid))?;
        self.used.fetch_max(place as u32 + 1, Relaxed);
        Some((place, ring))
    }
}
