//! An epoll as far as it was seen: its registrations, by descriptor and by data.

use crate::rules::{layout_mismatch, level_spin};
use crate::world::{Fd, Nanos, Site, bits};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

/// What was last delivered for a registration, and the state of things then.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Delivery {
    pub events: u32,
    pub at: Nanos,
    /// The epoll's round, from 1; 0: nothing was delivered yet.
    pub round: u32,
    /// The descriptor's counts when it was delivered.
    pub inputs: u16,
    pub moved: u16,
}

/// An entry of an epoll's interest list.
#[derive(Debug, Clone)]
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
    /// Grows with each `EPOLL_CTL_MOD`.
    pub changes: u16,
    /// The rules that watch it now, a bit each: none watches it twice.
    pub watched_by: u16,
    pub spin: level_spin::State,
    /// Rounds in which `accept` had no descriptor, and since when.
    pub exhausted: (u16, Nanos),
}

/// Several registrations have the same data: a delivery does not say whose it is.
const AMBIGUOUS: u32 = u32::MAX;
/// So many closed registrations are remembered for each epoll.
const FORMER: usize = 64;

/// An epoll.
#[derive(Debug, Default)]
pub(crate) struct Epoll {
    /// The descriptor it was made as.
    pub fd: Fd,
    pub made: Site,
    /// Waits that delivered something.
    pub round: u32,
    /// Where the latest wait was called.
    pub waited: Site,
    registrations: Vec<Option<Registration>>,
    free: Vec<u32>,
    by_fd: FxHashMap<Fd, u32>,
    by_data: FxHashMap<u64, u32>,
    /// Registrations whose descriptor was closed, and its number used again: ghosts, if they live.
    former: VecDeque<Registration>,
    /// The program was seen to read on without a new edge: it keeps readiness itself.
    pub resumes: bool,
    pub layout: layout_mismatch::State,
    /// Another process was reported to change it.
    pub is_shared: bool,
    /// Deliveries of data that no registration seen has.
    pub unknown: u64,
}

/// Whom a delivery belongs to.
pub(crate) enum Owner {
    Live(u32),
    Former(Registration),
    /// One of several.
    Ambiguous,
    Unknown,
}

impl Epoll {
    pub fn new(fd: Fd, made: Site) -> Self {
        Self { fd, made, ..Self::default() }
    }

    /// Returns the one that this number had before, whose file must be another one: the kernel took
    /// the number again.
    pub fn add(&mut self, registration: Registration) -> Option<Registration> {
        let (fd, data) = (registration.fd, registration.data);
        let old = self.remove(fd);
        if let Some(old) = old.clone() {
            if self.former.len() == FORMER {
                self.former.pop_front();
            }
            self.former.push_back(old);
        }
        let place = self.free.pop().unwrap_or_else(|| {
            self.registrations.push(None);
            u32::try_from(self.registrations.len() - 1).expect("descriptors are fewer than 2^31")
        });
        self.registrations[place as usize] = Some(registration);
        self.by_fd.insert(fd, place);
        self.claim(data, place);
        old
    }

    pub fn modify(&mut self, fd: Fd, interest: u32, data: u64, site: Site) {
        let Some(&place) = self.by_fd.get(&fd) else { return };
        let Some(registration) = &mut self.registrations[place as usize] else { return };
        let old = std::mem::replace(&mut registration.data, data);
        registration.interest = interest;
        registration.modified = site;
        registration.is_fired = false;
        registration.changes = registration.changes.wrapping_add(1);
        if old != data {
            self.disclaim(old, place);
            self.claim(data, place);
        }
    }

    pub fn remove(&mut self, fd: Fd) -> Option<Registration> {
        let place = self.by_fd.remove(&fd)?;
        let registration = self.registrations[place as usize].take()?;
        self.free.push(place);
        self.disclaim(registration.data, place);
        Some(registration)
    }

    fn claim(&mut self, data: u64, place: u32) {
        self.by_data.entry(data).and_modify(|owner| *owner = AMBIGUOUS).or_insert(place);
    }

    fn disclaim(&mut self, data: u64, place: u32) {
        if self.by_data.get(&data) == Some(&place) {
            self.by_data.remove(&data);
        } else if self.by_fd.is_empty() {
            // Nobody is left to be taken for another.
            self.by_data.clear();
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

    pub fn owner(&self, data: u64) -> Owner {
        match self.by_data.get(&data) {
            Some(&AMBIGUOUS) => Owner::Ambiguous,
            Some(&place) => Owner::Live(place),
            None => match self.former.iter().rev().find(|former| former.data == data) {
                Some(former) => Owner::Former(former.clone()),
                None => Owner::Unknown,
            },
        }
    }

    /// Of several registrations with this data, one whose descriptor was closed. Only some are looked
    /// at: where all have the same data this is asked for every delivery.
    pub fn closed_with(&self, data: u64, generation: impl Fn(Fd) -> u32) -> Option<Registration> {
        let is_closed =
            |one: &&Registration| one.data == data && generation(one.fd) != one.generation;
        let former = self.former.iter().find(|former| former.data == data);
        former.or_else(|| self.all().take(FORMER).find(is_closed)).cloned()
    }

    pub fn all(&self) -> impl Iterator<Item = &Registration> {
        self.registrations.iter().flatten()
    }

    /// The registrations that were seen and not removed.
    pub fn len(&self) -> usize {
        self.by_fd.len()
    }

    /// The former registration of this number, if there was one: the latest.
    pub fn former(&self, fd: Fd) -> Option<&Registration> {
        self.former.iter().rev().find(|former| former.fd == fd)
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
            changes: 0,
            watched_by: 0,
            spin: level_spin::State::default(),
            exhausted: (0, 0),
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

impl Epoll {
    /// After a fork: nothing is suspected, nothing is in hand.
    pub fn forget_suspicions(&mut self) {
        for registration in self.registrations.iter_mut().flatten() {
            registration.watched_by = 0;
        }
        self.is_shared = false;
    }
}
