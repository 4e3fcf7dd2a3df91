//! A wait, and the epoll that it is on.

use epshim_observe::{Fd, Nanos, Site};

/// One epoll, for as long as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct EpollId {
    pub(super) place: u32,
    pub(super) serial: u32,
}

impl EpollId {
    /// No epoll.
    pub const NONE: Self = Self { place: u32::MAX, serial: 0 };
}

impl Default for EpollId {
    fn default() -> Self {
        Self::NONE
    }
}

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
