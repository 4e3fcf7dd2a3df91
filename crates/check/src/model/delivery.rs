//! A delivery: as a wait returned it, and what of it is kept with the registration.

use crate::model::wait::Wait;
use epshim_observe::{Nanos, Tid};

/// What was last delivered for a registration, and the state of things then.
// Packed to 20 bytes: each registration has one.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C, packed(4))]
pub(crate) struct Delivery {
    pub at: Nanos,
    pub events: u32,
    /// The epoll's round, from 1; 0: nothing was delivered yet.
    pub round: u32,
    /// The descriptor's counts when it was delivered.
    pub inputs: u16,
    pub moved: u16,
}

/// One event that a wait returned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delivered {
    pub tid: Tid,
    pub now: Nanos,
    pub wait: Wait,
    pub events: u32,
    pub data: u64,
    /// The epoll's round that it came in, and how many waits the thread had begun.
    pub round: u32,
    pub waits: u32,
    /// The descriptor's counts before it came, where they are not what they are now.
    pub before: Option<(u16, u16)>,
    /// It was kept until now.
    pub is_late: bool,
}
