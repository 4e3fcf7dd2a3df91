//! All that is known, and what can be asked of it.

use crate::model::epoll::Epoll;
use crate::model::epolls::Epolls;
use crate::model::registration::Registration;
use crate::model::thread::Threads;
use crate::model::wait::{EpollId, Wait};
use epshim_observe::{Descriptors, Fd, Nanos, Tid, bits};

/// When something happens, in which thread, and the observer's memory of descriptors then.
#[derive(Clone, Copy)]
pub(crate) struct Moment<'a> {
    pub tid: Tid,
    pub now: Nanos,
    pub descriptors: &'a dyn Descriptors,
}

/// What is known of the program.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub epolls: Epolls,
    pub threads: Threads,
    /// The registration that was deleted last: a close is what usually follows.
    pub deleted: Option<Registration>,
    /// The wait that has just ended delivered input for a descriptor that blocks.
    pub may_block: bool,
    /// How often input was gone that the program was not seen to take.
    pub taken_unseen: u64,
    /// A stream was read before its first delivery; and one was not.
    pub reads_early: bool,
    pub reads_when_told: bool,
    /// Whether the program held back input, when that was last looked at.
    held_back: Option<(Nanos, bool)>,
}

impl Model {
    /// Whether an epoll waits for room to write on it.
    pub fn waits_for_room(&self, fd: Fd) -> bool {
        let waits = |epoll: &Epoll| epoll.by_fd(fd).is_some_and(|one| one.armed() & bits::OUT != 0);
        self.epolls.iter().any(waits)
    }

    /// Whether the program waits for room somewhere, and may leave input unread on purpose.
    pub fn holds_back(&mut self, now: Nanos, descriptors: &dyn Descriptors) -> bool {
        if let Some((_, held_back)) = self.held_back.filter(|&(at, _)| at == now) {
            return held_back;
        }
        let is_unwritten = |one: &Registration| {
            let (generation, io) = descriptors.state(one.fd);
            generation == one.generation && io.is_unwritten()
        };
        let held_back = self.epolls.iter().flat_map(Epoll::all).any(is_unwritten);
        self.held_back = Some((now, held_back));
        held_back
    }

    /// Where a thread waits on this epoll at the moment; the one that has waited longest.
    pub fn waiter(&self, id: EpollId) -> Option<Wait> {
        let waits = self.threads.waits().map(|(_, _, wait)| wait);
        waits.filter(|wait| wait.epoll == id).min_by_key(|wait| wait.since)
    }

    /// How many registrations are known.
    pub fn registrations(&self) -> usize {
        self.epolls.iter().map(Epoll::len).sum()
    }

    /// In the child of a fork: the other threads are not there, and nothing is suspected yet.
    pub fn forked(&mut self) {
        self.threads.clear();
        self.taken_unseen = 0;
        self.epolls.iter_mut().for_each(Epoll::forget_suspicions);
    }
}
