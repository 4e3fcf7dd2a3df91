//! An open file, and what the kernel says of its readiness.

use super::socket::Socket;
use serde::{Deserialize, Serialize};

/// Inode and device. All eventfds, timerfds, signalfds, inotify instances and epolls have the same.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub struct FileId {
    /// The inode.
    pub inode: u64,
    /// The device, as the kernel encodes it inside (major << 20 | minor).
    pub device: u64,
}

/// What a number of the process is open to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct File {
    /// Which file. `None`: it was not asked.
    pub id: Option<FileId>,
    /// The open file's flags: O_NONBLOCK, O_CLOEXEC. `None`: they were not asked.
    pub flags: Option<u32>,
    /// What it is.
    pub kind: Kind,
    /// What poll(2) on a copy has said (`--copies`). Never of a connection.
    pub polled: Option<u32>,
    /// Bytes to read, by FIONREAD on a copy.
    pub unread: Option<u64>,
    /// Of a pipe: another number of the process is open to it, so that it may be told by itself.
    #[serde(default)]
    pub has_other_end: bool,
}

/// What a file is, and its state as far as that shows without a copy.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It was not asked, or the process may not be looked at.
    #[default]
    Unknown,
    /// A socket. `None`: sock_diag was not asked, or does not list it.
    Socket(Option<Box<Socket>>),
    /// A socket that sock_diag does not list although it was asked: of TCP, one that is closed in both
    /// directions, or was reset, or was never bound.
    Unlisted {
        /// The protocol by the kernel's name: `TCP`, `UNIX-STREAM`.
        protocol: Option<String>,
    },
    /// A pipe or a FIFO.
    Pipe,
    /// An eventfd.
    Event {
        /// Its counter.
        count: Option<u64>,
    },
    /// A timerfd.
    Timer {
        /// Expirations unread.
        ticks: Option<u64>,
    },
    /// A signalfd.
    Signal {
        /// Whether one of its signals is pending.
        is_pending: Option<bool>,
    },
    /// A pidfd.
    Process {
        /// The process.
        pid: i32,
        /// Whether it has ended.
        has_ended: Option<bool>,
    },
    /// An inotify instance.
    Inotify,
    /// Another epoll.
    Epoll,
    /// An io_uring.
    Ring,
    /// Anything with a path, or with a name of the kernel's.
    Named(String),
}

impl Kind {
    /// Whether files of this kind have one inode, so that two looks may be at two of them.
    #[must_use]
    pub const fn shares_its_inode(&self) -> bool {
        !matches!(
            self,
            Self::Socket(_) | Self::Unlisted { .. } | Self::Pipe | Self::Named(_) | Self::Unknown
        )
    }
}

impl File {
    /// O_NONBLOCK is not set: a read waits.
    #[must_use]
    pub fn may_block(&self) -> Option<bool> {
        self.flags.map(|flags| flags & NONBLOCK == 0)
    }

    /// The socket, if it is one that is listed.
    #[must_use]
    pub fn socket(&self) -> Option<&Socket> {
        match &self.kind {
            Kind::Socket(Some(socket)) => Some(socket),
            _ => None,
        }
    }
}

/// `O_NONBLOCK` as fdinfo shows it: the same number on all architectures that are looked at.
const NONBLOCK: u32 = 0o4000;
/// `O_CLOEXEC` as fdinfo shows it.
pub const CLOSE_ON_EXEC: u32 = 0o200_0000;
