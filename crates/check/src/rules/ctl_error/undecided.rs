//! Failures that the thread's next call may make good: `EPOLL_CTL_ADD` that finds the descriptor registered,
//! `EPOLL_CTL_MOD` that does not. A thread that makes no call is asked after.

use super::failure::Failure;
use crate::model::Moment;
use epshim_observe::{MILLISECOND, Nanos, Tid};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// A failed `epoll_ctl` that no second one has made good by now did not belong to a known pair.
pub(super) const RETRY: Nanos = 100 * MILLISECOND;
/// At most this many threads are asked after at a time,
const AT_ONCE: usize = 16;
/// and the failures of this many are kept.
const MOST: usize = 1024;

/// What decides about a failure that is asked after: the thread's next call or the answer. The first of them
/// decides.
#[derive(Debug, Clone, Default)]
pub(super) struct Ticket(Arc<AtomicBool>);

impl Ticket {
    pub fn is_used(&self) -> bool {
        self.0.load(Relaxed)
    }

    pub fn use_up(&self) {
        self.0.store(true, Relaxed);
    }
}

#[derive(Debug)]
struct One {
    failure: Failure,
    since: Nanos,
    ticket: Option<Ticket>,
}

/// The failures, by thread.
#[derive(Debug, Default)]
pub(super) struct Undecided {
    all: FxHashMap<Tid, One>,
    /// A look at them is to come.
    pub is_looked_at: bool,
}

impl Undecided {
    /// Keeps the failure. Returns the oldest, if that has to make room.
    pub fn keep(&mut self, failure: Failure, m: &Moment<'_>) -> Option<(Failure, Tid)> {
        let oldest = if self.all.len() < MOST {
            None
        } else {
            self.all.iter().min_by_key(|(_, one)| one.since).map(|(&tid, _)| tid)
        };
        let lost = oldest.and_then(|tid| Some((self.take(tid)?, tid)));
        self.all.insert(m.tid, One { failure, since: m.now, ticket: None });
        lost
    }

    /// The thread's failure, if it has one that is not reported yet.
    pub fn take(&mut self, tid: Tid) -> Option<Failure> {
        let one = self.all.remove(&tid)?;
        if let Some(ticket) = one.ticket {
            if ticket.is_used() {
                return None;
            }
            ticket.use_up();
        }
        Some(one.failure)
    }

    /// Those whose threads are to be asked after, and when there are more.
    pub fn overdue(&mut self, now: Nanos) -> (Vec<(Failure, Tid, Ticket)>, Option<Nanos>) {
        self.is_looked_at = false;
        let (mut overdue, mut next) = (Vec::new(), Nanos::MAX);
        for (&tid, one) in self.all.iter_mut().filter(|(_, one)| one.ticket.is_none()) {
            let at = one.since.saturating_add(RETRY);
            if at > now {
                next = next.min(at);
            } else if overdue.len() == AT_ONCE {
                next = next.min(now.saturating_add(RETRY));
            } else {
                let ticket = one.ticket.insert(Ticket::default()).clone();
                overdue.push((one.failure, tid, ticket));
            }
        }
        (overdue, Some(next).filter(|&next| next < Nanos::MAX))
    }

    /// There was no room for the question.
    pub fn is_not_asked(&mut self, tid: Tid) {
        if let Some(one) = self.all.get_mut(&tid) {
            one.ticket = None;
        }
    }

    pub fn threads(&self) -> Vec<Tid> {
        self.all.keys().copied().collect()
    }
}
