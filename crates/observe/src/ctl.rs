//! `epoll_ctl`, as a program calls it.

use crate::terms::{Fd, Site};

/// An `epoll_ctl` that was made, and how it ended.
#[derive(Debug, Clone, Copy)]
pub struct Ctl {
    /// The epoll's descriptor.
    pub epfd: Fd,
    /// `EPOLL_CTL_ADD` (1), `EPOLL_CTL_DEL` (2) or `EPOLL_CTL_MOD` (3).
    pub op: i32,
    /// The descriptor.
    pub fd: Fd,
    /// The interest; 0 where the call had no event that could be read.
    pub events: u32,
    /// The data; likewise.
    pub data: u64,
    /// The four bytes behind the interest, where the layout has padding there.
    pub padding: Option<u32>,
    /// Where it was called.
    pub site: Site,
}

/// What was the case when a call failed, looked up at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AtFailure {
    /// Its errno.
    pub errno: i32,
    /// Whether the first argument is an open descriptor, and of an epoll.
    pub epfd: Option<bool>,
    /// Whether the descriptor is open.
    pub fd_is_open: bool,
    /// The bytes to be read, where that is a file which epoll refuses and the program may read.
    pub unread: Option<u64>,
}

impl AtFailure {
    /// Whether the call, a wait or a change, failed because its epoll is closed or is another file.
    #[must_use]
    pub const fn is_no_epoll(&self) -> bool {
        const EBADF: i32 = 9;
        const EINVAL: i32 = 22;
        matches!((self.errno, self.epfd), (EBADF, None) | (EINVAL, Some(false)))
    }
}

/// `EPOLL_CTL_ADD`.
pub const ADD: i32 = 1;
/// `EPOLL_CTL_DEL`.
pub const DEL: i32 = 2;
/// `EPOLL_CTL_MOD`.
pub const MOD: i32 = 3;
