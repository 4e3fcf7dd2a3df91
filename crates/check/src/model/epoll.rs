//! An epoll as far as it was seen: its registrations, by descriptor and by data.
//!
//! `close` removes a registration in the kernel, unless it makes a ghost of it, and this table is not
//! told. What was closed shows by its descriptor's generation: when it is delivered, when its number or its
//! data are registered again, and when the table would have to grow. Then `former.rs` has it for a while.

use crate::model::former::Formers;
use crate::model::intent::Intents;
use crate::model::registration::{NO_PLACE, Registration, Twin};
use crate::model::row::is_unasked;
use epshim_observe::{Ctl, Descriptors, Fd, Nanos, Site, Tid, bits};
use rustc_hash::FxHashMap;

/// Of the registrations with the same data, at most this number is compared with a delivery.
const COMPARED: usize = 4;
/// The registrations for which the table has room at first.
const FEW: usize = 16;

/// An epoll.
#[derive(Debug, Default)]
pub(crate) struct Epoll {
    /// A descriptor that names it: the one it was made as, while that is open.
    pub fd: Fd,
    pub made: Site,
    /// Waits that delivered something.
    pub round: u32,
    /// The thread that was given something last; 0: none was.
    given: Tid,
    /// Another one was, too.
    pub is_shared: bool,
    registrations: Vec<Option<Registration>>,
    free: Vec<u32>,
    by_fd: FxHashMap<Fd, u32>,
    /// The first of those with the data.
    by_data: FxHashMap<u64, u32>,
    pub formers: Formers,
    /// The program was seen to read on without a new edge: it keeps readiness itself.
    pub resumes: bool,
    /// The longest time that it was seen to leave a one-shot fired before it armed it again.
    pub armed_after: Nanos,
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

    /// A wait of this thread delivered something.
    pub const fn given_to(&mut self, tid: Tid) {
        self.is_shared |= self.given != 0 && self.given != tid;
        self.given = tid;
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
    pub fn modify(&mut self, now: Nanos, ctl: &Ctl, descriptors: &dyn Descriptors) {
        let &Ctl { fd, events, data, site, .. } = ctl;
        let generation = descriptors.state(fd).0;
        let Some(&place) = self.by_fd.get(&fd) else {
            // It was added unseen; or its file was closed, and put back under its number by dup2.
            let added = self.formers.added(fd).unwrap_or_default();
            let mut unseen = Registration::new(fd, generation, events, data, added);
            unseen.modified = site;
            return self.add(unseen, descriptors);
        };
        let Some(registration) = self.at_mut(place) else { return };
        let old = std::mem::replace(&mut registration.data, data);
        let quiet = now.saturating_sub(registration.delivery.at);
        let was_fired = std::mem::take(&mut registration.is_fired);
        let is_as_before = registration.generation == generation
            && registration.interest == events
            && old == data
            && is_unasked(events, registration.delivery.events);
        registration.generation = generation;
        registration.interest = events;
        registration.modified = site;
        registration.changes = registration.changes.wrapping_add(1);
        if !is_as_before {
            registration.row.begin(now);
        }
        if old != data {
            self.disclaim(old, place);
            self.claim(data, place, descriptors);
        }
        if was_fired {
            self.armed_after = self.armed_after.max(quiet);
        }
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
        self.formers.remember(&registration);
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
        let head = self.by_data.insert(data, place).unwrap_or(NO_PLACE);
        if let Some(head) = self.at_mut(head) {
            head.previous = place;
        }
        if let Some(registration) = self.at_mut(place) {
            (registration.next, registration.previous) = (head, NO_PLACE);
        }
    }

    fn disclaim(&mut self, data: u64, place: u32) {
        let Some(registration) = self.at(place) else { return };
        let (next, previous) = (registration.next, registration.previous);
        match self.at_mut(previous) {
            Some(previous) => previous.next = next,
            None if next == NO_PLACE => drop(self.by_data.remove(&data)),
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
            return self.formers.with_data(data).map_or(Owner::Unknown, Owner::Former);
        };
        match self.at(place) {
            Some(one) if one.next == NO_PLACE => Owner::Live(place),
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
            Some(place) if next == NO_PLACE => Owner::Live(place),
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

    /// After a fork: nothing is suspected, nothing is in hand.
    pub fn forget_suspicions(&mut self) {
        for registration in self.registrations.iter_mut().flatten() {
            registration.watched_by = 0;
        }
        self.formers.release_all();
        self.intents.clear();
    }
}
