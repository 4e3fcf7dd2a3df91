//! The epolls of a process, and what is registered with them.

use super::file::FileId;
use serde::{Deserialize, Serialize};

/// An epoll that the process has open. One that it has under several numbers is here once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Epoll {
    /// Its lowest number.
    pub fd: i32,
    /// Its other numbers in this process.
    pub aliases: Vec<i32>,
    /// Whether a program that is executed loses it.
    pub is_close_on_exec: bool,
    /// `None`: they could not be read.
    pub registrations: Option<Vec<Registration>>,
    /// Other processes that have the same epoll; `None`: it could not be asked.
    pub sharers: Option<Vec<Sharer>>,
}

impl Epoll {
    /// Whether this number is the epoll.
    #[must_use]
    pub fn is(&self, fd: i32) -> bool {
        self.fd == fd || self.aliases.contains(&fd)
    }

    /// What is registered, as far as it is known.
    #[must_use]
    pub fn registered(&self) -> &[Registration] {
        self.registrations.as_deref().unwrap_or_default()
    }
}

/// A line of the epoll's fdinfo.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Registration {
    /// The number under which it was registered.
    pub fd: i32,
    /// The interest as the kernel has it: ERR and HUP are always in it, but for a one-shot that has fired.
    pub events: u32,
    /// What the program gave.
    pub data: u64,
    /// The file that is registered. `None`: a kernel before 4.13 does not say.
    pub file: Option<FileId>,
}

/// Another process that has the same epoll open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sharer {
    /// The process.
    pub pid: i32,
    /// Its name.
    pub name: String,
    /// The epoll's number there.
    pub fd: i32,
    /// Whether it runs another program than the one that is looked at.
    pub is_other_program: bool,
    /// Whether it is a child of the process that is looked at.
    pub is_child: bool,
    /// Threads that wait on it there; `None`: it could not be asked.
    pub waiters: Option<Vec<i32>>,
    /// Numbers that are registered, and are not open there.
    pub not_open: Vec<i32>,
}
