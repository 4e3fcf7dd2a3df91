//! An entry of an epoll's interest list.

use crate::model::delivery::Delivery;
use crate::model::row::{Row, Starved};
use epshim_observe::{Fd, MILLISECOND, Nanos, Site, bits};

/// An entry of an epoll's interest list.
#[derive(Debug)]
pub(crate) struct Registration {
    pub fd: Fd,
    /// The descriptor's generation when it was added: another one now means that it was closed.
    pub generation: u32,
    pub interest: u32,
    pub data: u64,
    pub added: Site,
    pub modified: Site,
    pub delivery: Delivery,
    /// A one-shot that was delivered and not armed since.
    pub is_fired: bool,
    /// It was added without an interest.
    pub is_armed_later: bool,
    /// How many deliveries in a row came late, though no thread was seen to read.
    pub late: u8,
    /// The descriptor is an epoll too.
    pub is_epoll: bool,
    /// There may be a ghost of the same number and the same data.
    pub twin: Twin,
    /// Grows with each `EPOLL_CTL_MOD`.
    pub changes: u16,
    /// Marks of those who watch it now, a bit each.
    pub watched_by: u32,
    pub row: Row,
    pub starved: Starved,
    /// The others with the same data; [`NO_PLACE`]: none.
    pub(super) next: u32,
    pub(super) previous: u32,
}

// With 64 for its slot, and the room that tables keep free, it costs less than 256 bytes.
const _: () = assert!(size_of::<Option<Registration>>() <= 96);

pub(super) const NO_PLACE: u32 = u32::MAX;

/// What is level-triggered and not read is delivered to the next wait at once.
const AT_ONCE: Nanos = 20 * MILLISECOND;

/// Whether a number that is registered again may have a ghost whose data are the same, so that the
/// events of both look alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Twin {
    No,
    /// Its number and data were another file's. Programs that use the number as data always do so.
    Possible,
    /// That file was duplicated before.
    Likely,
}

impl Registration {
    pub fn new(fd: Fd, generation: u32, interest: u32, data: u64, added: Site) -> Self {
        Self {
            fd,
            generation,
            interest,
            data,
            added,
            modified: Site::default(),
            delivery: Delivery::default(),
            is_fired: false,
            is_armed_later: interest & !bits::PRIVATE == 0,
            late: 0,
            is_epoll: false,
            twin: Twin::No,
            changes: 0,
            watched_by: 0,
            row: Row::default(),
            starved: Starved::default(),
            next: NO_PLACE,
            previous: NO_PLACE,
        }
    }

    pub const fn has(&self, bits: u32) -> bool {
        self.interest & bits != 0
    }

    /// The events it waits for now; a fired one-shot waits for none.
    pub const fn armed(&self) -> u32 {
        if self.is_fired { 0 } else { self.interest & !bits::PRIVATE }
    }

    /// How many more times input was taken, and not seen to be taken: a wait that began after the
    /// delivery before had to wait for this one. Twice in a row, for a spinning thread may lose its
    /// processor for a while in any wait.
    pub fn taken_unseen(&mut self, before: Delivery, now: Delivery, since: Nanos) -> u64 {
        let is_level = self.interest & (bits::ET | bits::ONESHOT) == 0 && !self.is_epoll;
        let was_late = is_level
            && before.round != 0
            && before.events & now.events & bits::IN != 0
            && now.inputs == before.inputs
            && self.changes == 0
            && since >= before.at
            && now.at.saturating_sub(since) >= AT_ONCE;
        self.late = if was_late { self.late.saturating_add(1) } else { 0 };
        match self.late {
            0 | 1 => 0,
            2 => 2,
            _ => 1,
        }
    }
}
