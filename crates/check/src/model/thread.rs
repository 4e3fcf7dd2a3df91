//! A thread as far as it was seen: the wait that it is in, and what it has in hand.

use crate::model::row::Zeros;
use crate::model::wait::{EpollId, Wait};
use epshim_observe::{Fd, Nanos, Site, Tid};
use rustc_hash::FxHashMap;

/// A thread.
#[derive(Debug, Default)]
pub(crate) struct Thread {
    pub wait: Option<Wait>,
    /// How many waits it has begun, and when the last.
    pub waits: u32,
    pub begun: Nanos,
    /// The epoll that its last wait was on,
    pub last: EpollId,
    /// and the registrations delivered: their places in it, and their descriptors.
    pub in_hand: Vec<(u32, Fd)>,
    /// What it delivered, in this order, if that was more than one: the descriptors, and their events.
    pub batch: Vec<(Fd, u32)>,
    /// The longest row of a registration that the last wait delivered.
    pub row: u32,
    pub zeros: Zeros,
    /// Where it last waited with a timeout that was not negative,
    pub timed: Site,
    /// and where with one that was more than nothing, and when.
    pub positive: (Site, Nanos),
    /// A signal has ended a wait of it: signals come to it, and may cut its other calls short, too.
    pub is_signalled: bool,
    /// How many of its waits returned nothing.
    pub empties: u32,
    /// When it was last seen.
    seen: Nanos,
}

/// At most this many threads are followed at a time. Threads end without notice.
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

    pub fn ended(&mut self, tid: Tid) {
        self.0.remove(&tid);
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The waits that threads are in.
    pub fn waits(&self) -> impl Iterator<Item = (Tid, &Thread, Wait)> {
        self.0.iter().filter_map(|(&tid, thread)| Some((tid, thread, thread.wait?)))
    }
}
