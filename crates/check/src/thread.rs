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
    /// It is looked after in a second.
    pub is_failure_due: bool,
    pub zeros: sub_ms_spin::State,
    /// When it was last seen.
    seen: Nanos,
}

/// So many threads are followed at a time. Threads end without notice.
const MOST: usize = 1024;

/// The threads that were seen.
#[derive(Debug, Default)]
pub(crate) struct Threads(FxHashMap<Tid, Thread>);

impl Threads {
    pub fn get(&self, tid: Tid) -> Option<&Thread> {
        self.0.get(&tid)
    }

    pub fn get_mut(&mut self, tid: Tid) -> Option<&mut Thread> {
        self.0.get_mut(&tid)
    }

    /// The thread, which is known from now on, in the place of the one that was unseen for longest.
    pub fn seen(&mut self, tid: Tid, now: Nanos) -> &mut Thread {
        if self.0.len() >= MOST && !self.0.contains_key(&tid) {
            let oldest =
                self.0.iter().min_by_key(|(_, thread)| (thread.wait.is_some(), thread.seen));
            if let Some((&oldest, _)) = oldest {
                self.0.remove(&oldest);
            }
        }
        let thread = self.0.entry(tid).or_default();
        thread.seen = now;
        thread
    }

    pub fn ended(&mut self, tid: Tid) -> Option<Thread> {
        self.0.remove(&tid)
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub fn ids(&self) -> Vec<Tid> {
        self.0.keys().copied().collect()
    }

    /// The waits that threads are in.
    pub fn waits(&self) -> impl Iterator<Item = (Tid, &Thread, Wait)> {
        self.0.iter().filter_map(|(&tid, thread)| Some((tid, thread, thread.wait?)))
    }
}
