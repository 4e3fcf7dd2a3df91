//! Registrations whose descriptors were closed. The kernel has removed them, or made ghosts of them: which
//! of the two shows when one delivers.

use crate::model::registration::Registration;
use epshim_observe::{Fd, Site};
use std::collections::VecDeque;

/// At most this many are remembered for each epoll.
const MOST: usize = 256;

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

/// The latest of them.
#[derive(Debug, Default)]
pub(crate) struct Formers(VecDeque<Former>);

impl Formers {
    pub fn remember(&mut self, closed: &Registration) {
        let &Registration { fd, generation, interest, data, added, .. } = closed;
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back(Former { fd, generation, interest, data, added, is_watched: false });
    }

    /// The latest of this number.
    pub fn of(&self, fd: Fd) -> Option<&Former> {
        self.0.iter().rev().find(|former| former.fd == fd)
    }

    /// Where it was added, if there is only one of this number.
    pub fn added(&self, fd: Fd) -> Option<Site> {
        let mut all = self.0.iter().filter(|former| former.fd == fd);
        all.next().filter(|_| all.next().is_none()).map(|former| former.added)
    }

    /// The place of the latest with these data.
    pub fn with_data(&self, data: u64) -> Option<usize> {
        self.0.iter().rposition(|former| former.data == data)
    }

    /// The place of the latest.
    pub fn last(&self) -> usize {
        self.0.len().saturating_sub(1)
    }

    pub fn at_mut(&mut self, place: usize) -> Option<&mut Former> {
        self.0.get_mut(place)
    }

    /// Whether no other one had the same number and the same data.
    pub fn is_only_one(&self, former: &Former) -> bool {
        let is_same = |one: &&Former| (one.fd, one.data) == (former.fd, former.data);
        self.0.iter().filter(is_same).count() < 2
    }

    /// No suspicion is about it any more.
    pub fn release(&mut self, fd: Fd, generation: u32) {
        let mut all = self.0.iter_mut();
        if let Some(one) = all.find(|one| one.fd == fd && one.generation == generation) {
            one.is_watched = false;
        }
    }

    pub fn release_all(&mut self) {
        self.0.iter_mut().for_each(|former| former.is_watched = false);
    }
}
