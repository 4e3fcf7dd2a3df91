//! What is on its way between two threads of an epoll: changes that were begun and have not returned,
//! and deliveries that came before the change that they belong to was known.
//!
//! The kernel may deliver an event of a registration before its `EPOLL_CTL_ADD` has returned, to
//! another thread. What the registration's data is, is known only when it has returned: the program's
//! event is not read before the kernel has read it. So a delivery of unknown data is kept while a
//! change is under way, and the change that turns out to have its data claims it.
//!
//! Likewise a delivery may be handed out before an `EPOLL_CTL_DEL` by a wait that returns after it.

use crate::model::delivery::Delivered;
use epshim_observe::{Fd, Nanos, Tid};
use std::collections::VecDeque;

/// At most this many deliveries are kept, and this many deletions remembered, for each epoll.
const MOST: usize = 64;

/// A call of `epoll_ctl` that has begun, to add or to modify.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Intent {
    serial: u32,
    tid: Tid,
    fd: Fd,
    /// The descriptor's generation then, and its counts: another thread may serve it, and close it,
    /// before the call returns.
    pub generation: u32,
    pub inputs: u16,
    pub moved: u16,
    /// The round in which the registration had last been delivered; 0: in none.
    pub round: u32,
}

/// What is on its way.
#[derive(Debug, Default)]
pub(crate) struct Intents {
    serial: u32,
    begun: Vec<Intent>,
    /// Deliveries that wait for the change that they belong to, each with the latest change that had begun
    /// by then: it may be of this one or an earlier one.
    unclaimed: VecDeque<(u32, Delivered)>,
    /// The data of the latest deletions, and when they were.
    deleted: VecDeque<(u64, Nanos)>,
}

impl Intents {
    pub fn begin(&mut self, tid: Tid, fd: Fd, intent: Intent) {
        self.serial = self.serial.wrapping_add(1);
        if self.begun.len() < MOST {
            self.begun.push(Intent { serial: self.serial, tid, fd, ..intent });
        }
    }

    /// The thread's call for this descriptor returned.
    pub fn end(&mut self, tid: Tid, fd: Fd) -> Option<Intent> {
        let place = self.begun.iter().rposition(|one| (one.tid, one.fd) == (tid, fd))?;
        Some(self.begun.remove(place))
    }

    /// Keeps a delivery, if a change is under way that may claim it.
    pub fn keep(&mut self, delivery: &Delivered) -> bool {
        if self.begun.is_empty() || self.unclaimed.len() == MOST {
            return false;
        }
        self.unclaimed.push_back((self.serial, *delivery));
        true
    }

    /// Whether a change has begun and not returned.
    pub fn are_under_way(&self) -> bool {
        !self.begun.is_empty()
    }

    /// The first delivery that is of this data: its owner is the change that has these data.
    pub fn claim(&mut self, data: u64, intent: Option<Intent>) -> Option<Delivered> {
        let place = self.unclaimed.iter().position(|(_, one)| one.data == data)?;
        let before = intent.map(|intent| (intent.inputs, intent.moved));
        self.unclaimed.remove(place).map(|(_, one)| Delivered { before, is_late: true, ..one })
    }

    /// A delivery that no change can claim any more.
    pub fn disown(&mut self) -> Option<Delivered> {
        let is_open = |until: u32| {
            self.begun.iter().any(|begun| until.wrapping_sub(begun.serial) < u32::MAX / 2)
        };
        let place = self.unclaimed.iter().position(|&(until, _)| !is_open(until))?;
        self.unclaimed.remove(place).map(|(_, one)| Delivered { is_late: true, ..one })
    }

    /// `EPOLL_CTL_DEL` returned.
    pub fn deleted(&mut self, data: u64, now: Nanos) {
        if self.deleted.len() == MOST {
            self.deleted.pop_front();
        }
        self.deleted.push_back((data, now));
    }

    /// Whether a wait that began then may have been given an event of a registration with this data,
    /// which was deleted before it returned.
    pub fn was_deleted(&self, data: u64, since: Nanos) -> bool {
        self.deleted.iter().any(|&(deleted, at)| deleted == data && at >= since)
    }

    /// In a forked child the other threads are not there.
    pub fn clear(&mut self) {
        self.begun.clear();
        self.unclaimed.clear();
    }
}

impl Intent {
    /// As it is before [`Intents::begin`].
    pub const fn new(generation: u32, inputs: u16, moved: u16, round: u32) -> Self {
        Self { serial: 0, tid: 0, fd: -1, generation, inputs, moved, round }
    }
}
