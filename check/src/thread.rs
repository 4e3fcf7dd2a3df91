//! A thread as far as it was seen: the wait that it is in, and what it has in hand.

use crate::rules::sub_ms_spin;
use crate::suspicion::Suspicion;
use crate::world::{Fd, Nanos, Site};

/// The wait that a thread is in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wait {
    pub epfd: Fd,
    /// The epoll's place in the model.
    pub epoll: usize,
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
    /// The registrations that its last wait delivered, by epoll and descriptor.
    pub in_hand: Vec<(usize, Fd)>,
    /// A failed `epoll_ctl` that the next call may make good.
    pub failure: Option<Box<Suspicion>>,
    pub zeros: sub_ms_spin::State,
}
