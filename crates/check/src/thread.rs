//! A thread as far as it was seen: the wait that it is in, and what it has in hand.

use crate::epolls::EpollId;
use crate::ports::{Fd, Nanos, Site, Tid};
use crate::rules::sub_ms_spin;
use crate::suspicion::Suspicion;
use rustc_hash::FxHashMap;

/// The wait that a thread is in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wait {
    pub epfd: Fd,
    pub epoll: EpollId,
    pub since: Nanos,
    /// Nanoseconds; negative: none.
    pub timeout: i64,
    pub site: Site,
}

/// A thread.
#[derive(Debug, Default)]
pub(crate) struct Thread {
    pub wait: Option<Wait>,
    /// How many waits it has begun.
    pub waits: u32,
    /// The epoll that its last wait was on,
    pub last: EpollId,
    /// and the registrations delivered: their places in it, and their descriptors.
    pub in_hand: Vec<(u32, Fd)>,
    /// A failed `epoll_ctl` that the next call may make good.
    pub failure: Option<Box<Suspicion>>,
    pub zeros: sub_ms_spin::State,
    /// When it was last seen.
    seen: Nanos,
}

/// So many threads are followed at a time. Threads end without notice.
const MOST: usize = 1024;

/// The threads that were seen.
#[derive(Debug, Default)]
pub(crate) struct Threads {
    all: FxHashMap<Tid, Thread>,
    /// What threads had failed in that had to make room.
    lost: Vec<Suspicion>,
}

impl Threads {
    pub fn get(&self, tid: Tid) -> Option<&Thread> {
        self.all.get(&tid)
    }

    pub fn get_mut(&mut self, tid: Tid) -> Option<&mut Thread> {
        self.all.get_mut(&tid)
    }

    /// The thread, which is known from now on, in the place of the one that was unseen for longest.
    pub fn seen(&mut self, tid: Tid, now: Nanos) -> &mut Thread {
        if self.all.len() >= MOST && !self.all.contains_key(&tid) {
            let oldest =
                self.all.iter().min_by_key(|(_, thread)| (thread.wait.is_some(), thread.seen));
            if let Some((&oldest, _)) = oldest {
                let failure = self.all.remove(&oldest).and_then(|thread| thread.failure);
                self.lost.extend(failure.map(|failure| *failure));
            }
        }
        let thread = self.all.entry(tid).or_default();
        thread.seen = now;
        thread
    }

    /// A failure of a thread that is not followed any more.
    pub fn lost(&mut self) -> Option<Suspicion> {
        self.lost.pop()
    }

    pub fn ended(&mut self, tid: Tid) -> Option<Thread> {
        self.all.remove(&tid)
    }

    pub fn clear(&mut self) {
        self.all.clear();
        self.lost.clear();
    }

    pub fn ids(&self) -> Vec<Tid> {
        self.all.keys().copied().collect()
    }

    /// The waits that threads are in.
    pub fn waits(&self) -> impl Iterator<Item = (Tid, &Thread, Wait)> {
        self.all.iter().filter_map(|(&tid, thread)| Some((tid, thread, thread.wait?)))
    }
}
