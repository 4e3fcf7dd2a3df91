//! One ring: a single writer, a single reader, no lock and no wait.
//!
//! The writer fills records and then publishes them with one release store of the head, so that all records
//! of an observation are seen at once, or none. The reader gives their room back with one of the tail. Each
//! has its own line of the cache; the writer reads the reader's only when the ring seems full.
//!
//! Surprising: the owner's thread may be in a signal handler that has interrupted it in the middle. What was
//! filled and not published is then filled again, and no more: the head was not moved.

use crate::empty::EmptyWaits;
use crate::form::Record;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, Ordering::Relaxed};

/// Records of a ring.
pub const RECORDS: usize = 1 << 16;

/// What the writer changes.
#[derive(Debug)]
#[repr(C, align(128))]
struct WriterSide {
    /// How many records were ever published.
    head: AtomicU64,
    /// The tail, as the writer has read it last.
    tail_seen: AtomicU64,
    /// Observations that were dropped since the last one that was published,
    dropped: AtomicU64,
    /// and when the first of them was made.
    since: AtomicU64,
}

/// What the reader changes.
#[derive(Debug)]
#[repr(C, align(128))]
struct ReaderSide {
    /// How many records were ever taken.
    tail: AtomicU64,
}

/// A ring.
#[derive(Debug)]
#[repr(C, align(4096))]
pub struct Ring {
    /// The process and thread that has it; 0: none.
    owner: AtomicU64,
    /// Its owner writes nothing more: the program that it was in is gone.
    is_left: AtomicU32,
    writer: WriterSide,
    reader: ReaderSide,
    /// Waits that are not written yet.
    pub(crate) empty: EmptyWaits,
    records: [[AtomicU64; 4]; RECORDS],
}

impl Default for Ring {
    fn default() -> Self {
        Self::new()
    }
}

impl Ring {
    /// A ring that no thread has: zeros.
    #[must_use]
    pub const fn new() -> Self {
        let writer = WriterSide {
            head: AtomicU64::new(0),
            tail_seen: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            since: AtomicU64::new(0),
        };
        Self {
            owner: AtomicU64::new(0),
            is_left: AtomicU32::new(0),
            writer,
            reader: ReaderSide { tail: AtomicU64::new(0) },
            empty: EmptyWaits::new(),
            records: [const { [const { AtomicU64::new(0) }; 4] }; RECORDS],
        }
    }

    /// Whether this thread has it from now on: no other had it.
    pub(crate) fn take(&self, pid: i32, tid: i32) -> bool {
        let owner = u64::from(pid.unsigned_abs()) << 32 | u64::from(tid.unsigned_abs());
        owner != 0 && self.owner.compare_exchange(0, owner, Ordering::AcqRel, Relaxed).is_ok()
    }

    /// The process and the thread that has it. `None`: it is free.
    #[must_use]
    pub fn owner(&self) -> Option<(i32, i32)> {
        let owner = self.owner.load(Ordering::Acquire);
        (owner != 0).then_some(((owner >> 32) as i32, owner as i32))
    }

    /// For its owner: it writes nothing more, and the reader frees the ring.
    pub fn leave(&self) {
        self.is_left.store(1, Ordering::Release);
    }

    /// Whether its owner has left it.
    #[must_use]
    pub fn is_left(&self) -> bool {
        self.is_left.load(Ordering::Acquire) != 0
    }

    /// For the reader, when the owner has ended and all was taken: the ring is free. Returns what was dropped
    /// at its end, if something was, and when.
    pub fn free(&self) -> Option<(u64, u64)> {
        let dropped = self.dropped();
        self.is_left.store(0, Relaxed);
        self.owner.store(0, Ordering::Release);
        dropped
    }

    /// For its owner: publishes this number of records, all or none. False: there is no room.
    ///
    /// The head moves by an exchange: a child that a signal handler forks in the middle of this goes on here too, in
    /// its parent's ring, and comes too late or changes nothing.
    #[inline]
    #[must_use]
    pub fn push(&self, count: usize, record: impl Fn(usize) -> Record) -> bool {
        let head = self.writer.head.load(Relaxed);
        if !self.has_room(head, count) {
            return false;
        }
        for place in 0..count {
            let to = &self.records[head.wrapping_add(place as u64) as usize % RECORDS];
            for (to, word) in to.iter().zip(record(place)) {
                to.store(word, Relaxed);
            }
        }
        let next = head.wrapping_add(count as u64);
        self.writer.head.compare_exchange(head, next, Ordering::Release, Relaxed).is_ok()
    }

    #[inline]
    fn has_room(&self, head: u64, count: usize) -> bool {
        let is_in =
            |tail: u64| head.wrapping_sub(tail).saturating_add(count as u64) <= RECORDS as u64;
        if is_in(self.writer.tail_seen.load(Relaxed)) {
            return true;
        }
        let tail = self.reader.tail.load(Ordering::Acquire);
        self.writer.tail_seen.store(tail, Relaxed);
        is_in(tail)
    }

    /// For its owner: this number of observations was not written, the first of them of this time.
    #[cold]
    pub fn drop_since(&self, at: u64, observations: u64) {
        if self.writer.dropped.fetch_add(observations, Relaxed) == 0 {
            self.writer.since.store(at, Relaxed);
        }
    }

    /// For its owner: what was dropped since this was asked before: how many, and when the first of them was.
    #[inline]
    pub fn dropped(&self) -> Option<(u64, u64)> {
        // A load, most times: an exchange holds the processor up.
        if self.writer.dropped.load(Relaxed) == 0 {
            return None;
        }
        let since = self.writer.since.load(Relaxed);
        Some((self.writer.dropped.swap(0, Relaxed), since))
    }

    /// For the reader: how many records wait, at most as many as there is room for.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let (head, tail) =
            (self.writer.head.load(Ordering::Acquire), self.reader.tail.load(Relaxed));
        (head.wrapping_sub(tail) as usize).min(RECORDS)
    }

    /// For the reader: takes all that wait, and calls this with each.
    pub fn take_all(&self, mut each: impl FnMut(Record)) {
        let (head, tail) =
            (self.writer.head.load(Ordering::Acquire), self.reader.tail.load(Relaxed));
        // A head that no writer makes: the newest are as good as any.
        let tail = if head.wrapping_sub(tail) > RECORDS as u64 {
            head.wrapping_sub(RECORDS as u64)
        } else {
            tail
        };
        for place in 0..head.wrapping_sub(tail) {
            let record = &self.records[tail.wrapping_add(place) as usize % RECORDS];
            each(record.each_ref().map(|word| word.load(Relaxed)));
        }
        self.reader.tail.store(head, Ordering::Release);
    }
}
