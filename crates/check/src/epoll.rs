//! An epoll as far as it was seen: its registrations, by descriptor and by data.
//!
//! `close` removes a registration in the kernel, unless it makes a ghost of it, and nobody tells
//! this table. Closed registrations are found by their descriptor's generation: when they are
//! delivered, when their number is registered again, when another one has the same data, and when
//! the table would have to grow. Some of them are remembered for a while as [`Former`] ones.

use crate::intent::Intents;
use crate::ports::{Descriptors, Fd, Nanos, Site, bits};
use crate::rules::{accept_spin, layout_mismatch, level_spin};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

/// What was last delivered for a registration, and the state of things then.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Delivery {
    pub at: Nanos,
    pub events: u32,
    /// The epoll's round, from 1; 0: nothing was delivered yet.
    pub round: u32,
    /// The descriptor's counts when it was delivered.
    pub inputs: u16,
    pub moved: u16,
}

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
    /// So many deliveries in a row came late, though nobody was seen to read.
    pub late: u8,
    /// The descriptor is an epoll too.
    pub is_epoll: bool,
    /// There may be a ghost of the same number and the same data.
    pub twin: Twin,
    /// Grows with each `EPOLL_CTL_MOD`.
    pub changes: u16,
    /// The rules that watch it now, a bit each: none watches it twice.
    pub watched_by: u16,
    pub spin: level_spin::State,
    pub exhausted: accept_spin::State,
    /// The others with the same data; `NOBODY`: none.
    next: u32,
    previous: u32,
}

// With 64 for its slot, and the room that tables keep free, it costs less than 256 bytes.
const _: () = assert!(size_of::<Option<Registration>>() <= 96);

/// A registration whose descriptor was closed: a ghost, if it lives.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Former {
    pub fd: Fd,
    pub generation: u32,
    pub interest: u32,
    pub data: u64,
    pub added: Site,
    pub is_watched: bool,
}

const NOBODY: u32 = u32::MAX;
/// So many closed registrations are remembered for each epoll.
const FORMER: usize = 256;
/// Of the registrations with the same data, at most this number is compared with a delivery.
const COMPARED: usize = 4;
/// The table has room for so many at first.
const FEW: usize = 16;

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

/// An epoll.
#[derive(Debug, Default)]
pub(crate) struct Epoll {
    /// A descriptor that names it: the one it was made as, while that is open.
    pub fd: Fd,
    pub made: Site,
    /// Waits that delivered something.
    pub round: u32,
    registrations: Vec<Option<Registration>>,
    free: Vec<u32>,
    by_fd: FxHashMap<Fd, u32>,
    /// The first of those with the data.
    by_data: FxHashMap<u64, u32>,
    former: VecDeque<Former>,
    /// The program was seen to read on without a new edge: it keeps readiness itself.
    pub resumes: bool,
    /// It was seen to arm a one-shot long after it fired: it arms when it wants more.
    pub arms_late: bool,
    pub layout: layout_mismatch::State,
    /// Another process was reported to change it.
    pub is_shared: bool,
    /// What is on its way between its threads.
    pub intents: Intents,
    /// Deliveries of data that no registration seen has,
    pub unknown: u64,
    /// and of data that several have.
    pub ambiguous: u64,
}

/// Whom a delivery belongs to.
pub(crate) enum Owner {
    Live(u32),
    Former(usize),
    Several,
    Unknown,
}

impl Epoll {
    pub fn new(fd: Fd, made: Site) -> Self {
        Self { fd, made, ..Self::default() }
    }

    /// A registration that the kernel took. One of the same number is of another file, then.
    pub fn add(&mut self, mut registration: Registration, descriptors: &dyn Descriptors) {
        let (fd, data) = (registration.fd, registration.data);
        if let Some(&old) = self.by_fd.get(&fd) {
            let has_same_data = self.at(old).is_some_and(|old| old.data == data);
            let is_kept = descriptors.get(fd).duplicated != Site::default();
            registration.twin = match (has_same_data, is_kept) {
                (true, true) => Twin::Likely,
                (true, false) => Twin::Possible,
                (false, _) => Twin::No,
            };
            self.retire(old);
        }
        let place = self.place(descriptors);
        self.registrations[place as usize] = Some(registration);
        self.by_fd.insert(fd, place);
        self.claim(data, place, descriptors);
    }

    fn place(&mut self, descriptors: &dyn Descriptors) -> u32 {
        if self.free.is_empty() && self.registrations.len() == self.registrations.capacity() {
            self.sweep(descriptors);
            // By a quarter, not by half: most of the memory is here.
            let len = self.registrations.len();
            if self.free.len() < len / 8 || len == 0 {
                self.registrations.reserve_exact(len / 4 + FEW);
            }
        }
        self.free.pop().unwrap_or_else(|| {
            self.registrations.push(None);
            self.registrations.len() as u32 - 1
        })
    }

    /// Forgets those that were closed without `EPOLL_CTL_DEL`.
    fn sweep(&mut self, descriptors: &dyn Descriptors) {
        for place in 0..self.registrations.len() as u32 {
            let Some(registration) = self.at(place) else { continue };
            if descriptors.state(registration.fd).0 != registration.generation {
                self.retire(place);
            }
        }
    }

    /// `EPOLL_CTL_MOD` succeeded: it is registered, and of the file that is open now.
    pub fn modify(
        &mut self,
        now: Nanos,
        interest: u32,
        data: u64,
        fd: Fd,
        site: Site,
        descriptors: &dyn Descriptors,
    ) {
        let generation = descriptors.state(fd).0;
        let Some(&place) = self.by_fd.get(&fd) else {
            // It was added unseen; or its file was closed, and put back under its number by dup2.
            let mut before = self.former.iter().filter(|former| former.fd == fd);
            let added = match (before.next(), before.next()) {
                (Some(former), None) => former.added,
                _ => Site::default(),
            };
            let mut unseen = Registration::new(fd, generation, interest, data, added);
            unseen.modified = site;
            return self.add(unseen, descriptors);
        };
        let Some(registration) = self.at_mut(place) else { return };
        let old = std::mem::replace(&mut registration.data, data);
        let quiet = now.saturating_sub(registration.delivery.at);
        let is_late = registration.is_fired && quiet > crate::rules::oneshot_not_rearmed::LATE;
        registration.generation = generation;
        registration.interest = interest;
        registration.modified = site;
        registration.is_fired = false;
        registration.changes = registration.changes.wrapping_add(1);
        registration.spin.begin(now);
        if old != data {
            self.disclaim(old, place);
            self.claim(data, place, descriptors);
        }
        self.arms_late |= is_late;
    }

    pub fn remove(&mut self, fd: Fd) -> Option<Registration> {
        let &place = self.by_fd.get(&fd)?;
        self.take(place)
    }

    fn take(&mut self, place: u32) -> Option<Registration> {
        let data = self.at(place)?.data;
        self.disclaim(data, place);
        let registration = self.registrations[place as usize].take()?;
        self.by_fd.remove(&registration.fd);
        self.free.push(place);
        Some(registration)
    }

    /// Its descriptor was closed: it is gone, or a ghost.
    pub fn retire(&mut self, place: u32) {
        let Some(registration) = self.take(place) else { return };
        let Registration { fd, generation, interest, data, added, .. } = registration;
        if self.former.len() == FORMER {
            self.former.pop_front();
        }
        self.former.push_back(Former { fd, generation, interest, data, added, is_watched: false });
    }

    /// Puts it at the head of those with its data.
    fn claim(&mut self, data: u64, place: u32, descriptors: &dyn Descriptors) {
        let head = self.by_data.get(&data).copied();
        let closed = head.filter(|&head| {
            let old = self.at(head);
            old.is_some_and(|old| descriptors.state(old.fd).0 != old.generation)
        });
        // A pointer is used again when its connection was closed.
        if let Some(closed) = closed {
            self.retire(closed);
        }
        let head = self.by_data.insert(data, place).unwrap_or(NOBODY);
        if let Some(head) = self.at_mut(head) {
            head.previous = place;
        }
        if let Some(registration) = self.at_mut(place) {
            (registration.next, registration.previous) = (head, NOBODY);
        }
    }

    fn disclaim(&mut self, data: u64, place: u32) {
        let Some(registration) = self.at(place) else { return };
        let (next, previous) = (registration.next, registration.previous);
        match self.at_mut(previous) {
            Some(previous) => previous.next = next,
            None if next == NOBODY => drop(self.by_data.remove(&data)),
            None => drop(self.by_data.insert(data, next)),
        }
        if let Some(next) = self.at_mut(next) {
            next.previous = previous;
        }
    }

    pub fn by_fd(&self, fd: Fd) -> Option<&Registration> {
        self.at(*self.by_fd.get(&fd)?)
    }

    pub fn by_fd_mut(&mut self, fd: Fd) -> Option<&mut Registration> {
        let place = *self.by_fd.get(&fd)?;
        self.at_mut(place)
    }

    pub fn at(&self, place: u32) -> Option<&Registration> {
        self.registrations.get(place as usize)?.as_ref()
    }

    pub fn at_mut(&mut self, place: u32) -> Option<&mut Registration> {
        self.registrations.get_mut(place as usize)?.as_mut()
    }

    /// The registration that these events were delivered for.
    pub fn owner(&self, data: u64, events: u32) -> Owner {
        let Some(&place) = self.by_data.get(&data) else {
            let former = self.former.iter().rposition(|former| former.data == data);
            return former.map_or(Owner::Unknown, Owner::Former);
        };
        match self.at(place) {
            Some(one) if one.next == NOBODY => Owner::Live(place),
            _ => self.one_of_several(place, events),
        }
    }

    /// Of the registrations with the same data, from this one on: the only one that asked for these
    /// events. A change under way may have asked for others a moment ago.
    fn one_of_several(&self, first: u32, events: u32) -> Owner {
        if self.intents.are_under_way() {
            return Owner::Several;
        }
        let (mut next, mut found) = (first, None);
        for _ in 0..COMPARED {
            let Some(one) = self.at(next) else { break };
            if events & !(one.interest | bits::ERR | bits::HUP) == 0
                && found.replace(next).is_some()
            {
                return Owner::Several;
            }
            next = one.next;
        }
        match found {
            Some(place) if next == NOBODY => Owner::Live(place),
            _ => Owner::Several,
        }
    }

    pub fn all(&self) -> impl Iterator<Item = &Registration> {
        self.registrations.iter().flatten()
    }

    /// The registrations that were seen and not removed.
    pub fn len(&self) -> usize {
        self.by_fd.len()
    }

    /// The former registration of this number, if there was one: the latest.
    pub fn former(&self, fd: Fd) -> Option<&Former> {
        self.former.iter().rev().find(|former| former.fd == fd)
    }

    pub fn former_mut(&mut self, nth: usize) -> Option<&mut Former> {
        self.former.get_mut(nth)
    }

    /// The latest to be retired.
    pub fn last_former(&self) -> usize {
        self.former.len().saturating_sub(1)
    }

    /// Whether no other former one had the same number and the same data.
    pub fn is_only_one(&self, former: &Former) -> bool {
        let is_same = |one: &&Former| (one.fd, one.data) == (former.fd, former.data);
        self.former.iter().filter(is_same).count() < 2
    }

    /// A former registration may be suspected again.
    pub fn release_former(&mut self, fd: Fd, generation: u32) {
        let mut all = self.former.iter_mut();
        if let Some(one) = all.find(|one| one.fd == fd && one.generation == generation) {
            one.is_watched = false;
        }
    }

    /// After a fork: nothing is suspected, nothing is in hand.
    pub fn forget_suspicions(&mut self) {
        for registration in self.registrations.iter_mut().flatten() {
            registration.watched_by = 0;
        }
        for former in &mut self.former {
            former.is_watched = false;
        }
        self.is_shared = false;
        self.intents.clear();
    }
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
            spin: level_spin::State::default(),
            exhausted: accept_spin::State::default(),
            next: NOBODY,
            previous: NOBODY,
        }
    }

    pub const fn has(&self, bits: u32) -> bool {
        self.interest & bits != 0
    }

    /// The events it waits for now; a fired one-shot waits for none.
    pub const fn armed(&self) -> u32 {
        if self.is_fired { 0 } else { self.interest & !bits::PRIVATE }
    }
}
