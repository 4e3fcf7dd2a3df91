//! The waits of a thread that looks again and again without a pause, and finds nothing.
//!
//! There may be a million in a second, and each would be two records. So their times are kept beside the ring,
//! two halves of a word each, and become a few records when 56 are there, or anything else is written. Nothing is
//! lost by it: a replay has each wait at its time.
//!
//! What is kept and was never written, because the thread has ended, the reader takes when it frees the ring.

use crate::form::Record;
use epshim_observe::{EmptyWait, Fd, Nanos, Site, What};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// As many as seven records have the times of.
pub const MOST: usize = 7 * PER_RECORD;
/// Waits, in a record of nothing else.
pub const PER_RECORD: usize = size_of::<Record>() / size_of::<u32>();
/// At most this long, in nanoseconds, nothing of a thread is written.
const LONG: Nanos = 1_000_000;

/// For its owner to write; for the reader, when the owner is gone.
#[derive(Debug)]
#[repr(C, align(128))]
pub struct EmptyWaits {
    /// When a wait began that has not ended; 0: none.
    held: AtomicU64,
    held_site: AtomicU64,
    held_epfd: AtomicU32,
    /// How many have ended,
    count: AtomicU32,
    /// when the first of them began, and the last ended,
    first: AtomicU64,
    last: AtomicU64,
    /// where they were made, and on which epoll.
    site: AtomicU64,
    epfd: AtomicU32,
    /// Of each: nanoseconds since the one before, and that it took.
    waits: [AtomicU32; MOST],
}

/// Waits that have ended.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    pub at: Nanos,
    pub site: Site,
    pub epfd: Fd,
    waits: &'a [AtomicU32],
}

impl EmptyWaits {
    pub const fn new() -> Self {
        Self {
            held: AtomicU64::new(0),
            held_site: AtomicU64::new(0),
            held_epfd: AtomicU32::new(0),
            count: AtomicU32::new(0),
            first: AtomicU64::new(0),
            last: AtomicU64::new(0),
            site: AtomicU64::new(0),
            epfd: AtomicU32::new(0),
            waits: [const { AtomicU32::new(0) }; MOST],
        }
    }

    /// Whether a wait has begun, and has not ended.
    #[inline]
    pub fn is_held(&self) -> bool {
        self.held.load(Relaxed) != 0
    }

    /// Whether nothing is kept.
    #[inline]
    pub fn is_empty(&self) -> bool {
        !self.is_held() && self.count.load(Relaxed) == 0
    }

    /// A wait with a timeout of 0 begins: whether it is kept.
    pub fn begins(&self, at: Nanos, site: Site, epfd: Fd) -> bool {
        let is_kept = !self.is_held() && at != 0;
        if is_kept {
            self.held_site.store(site.0, Relaxed);
            self.held_epfd.store(epfd as u32, Relaxed);
            self.held.store(at, Relaxed);
        }
        is_kept
    }

    /// It ended, with nothing. Whether it is one of those before; if not, they are to be written, and this is to be
    /// tried again.
    ///
    /// The count moves by an exchange: a child that a signal handler forks in the middle of this goes on here too.
    pub fn ended(&self, at: Nanos) -> bool {
        let (count, begun) = (self.count.load(Relaxed), self.held.load(Relaxed));
        let (site, epfd) = (self.held_site.load(Relaxed), self.held_epfd.load(Relaxed));
        if count == 0 {
            self.site.store(site, Relaxed);
            self.epfd.store(epfd, Relaxed);
            self.first.store(begun, Relaxed);
            self.last.store(begun, Relaxed);
        }
        let is_same = site == self.site.load(Relaxed) && epfd == self.epfd.load(Relaxed);
        let after = half(begun, self.last.load(Relaxed));
        let (Some(place), Some(after), Some(took), true) =
            (self.waits.get(count as usize), after, half(at, begun), is_same)
        else {
            return false;
        };
        place.store(after | took << 16, Relaxed);
        self.last.store(at, Relaxed);
        self.held.store(0, Relaxed);
        self.count.compare_exchange(count, count + 1, Relaxed, Relaxed).is_ok()
    }

    /// Whether no more are to be kept.
    pub fn is_full(&self) -> bool {
        let age = self.last.load(Relaxed).wrapping_sub(self.first.load(Relaxed));
        self.count.load(Relaxed) as usize >= MOST || age > LONG
    }

    /// Those that have ended. They are kept no longer.
    pub fn take(&self) -> Option<Run<'_>> {
        let count = self.count.swap(0, Relaxed) as usize;
        let waits = self.waits.get(..count).filter(|waits| !waits.is_empty())?;
        let (at, site) = (self.first.load(Relaxed), Site(self.site.load(Relaxed)));
        Some(Run { at, site, epfd: self.epfd.load(Relaxed) as Fd, waits })
    }

    /// The wait that has not ended, with its time and its site. It is kept no longer.
    pub fn take_held(&self) -> Option<(Nanos, Site, What<'static>)> {
        let at = self.held.load(Relaxed);
        if at == 0 {
            return None;
        }
        self.held.store(0, Relaxed);
        let epfd = self.held_epfd.load(Relaxed) as Fd;
        Some((at, Site(self.held_site.load(Relaxed)), What::Wait { epfd, timeout: 0 }))
    }
}

/// From the one time to the other, if that has room in half a word.
fn half(to: Nanos, from: Nanos) -> Option<u32> {
    u16::try_from(to.checked_sub(from)?).ok().map(u32::from)
}

impl Run<'_> {
    pub const fn len(&self) -> usize {
        self.waits.len()
    }

    /// The words of the records behind the first.
    pub fn word(&self, place: usize) -> u64 {
        let wait = |place: usize| self.waits.get(place).map_or(0, |wait| wait.load(Relaxed));
        u64::from(wait(2 * place)) | u64::from(wait(2 * place + 1)) << 32
    }

    /// As it is read.
    pub fn what(&self) -> What<'static> {
        let waits = self.waits.iter().map(|wait| unpacked(wait.load(Relaxed)));
        What::EmptyWaits { epfd: self.epfd, waits: waits.collect() }
    }
}

/// A wait from its two halves.
pub const fn unpacked(wait: u32) -> EmptyWait {
    EmptyWait { after: wait & 0xffff, took: wait >> 16 }
}
