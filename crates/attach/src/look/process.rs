//! The look itself: the process, and all that was seen of it.

use super::{Epoll, File, FileId, Thread};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A process.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its id.
    pub pid: i32,
    /// Its name.
    pub name: String,
    /// The program's path.
    pub program: Option<String>,
    /// When it started, in ticks since the machine did: with the id it names one process.
    pub started: u64,
    /// What it is written in, where that shows.
    pub runtime: Runtime,
    /// Whether its system calls have the numbers of this machine. A program of 32 bits on a machine of 64 has others.
    pub is_native: bool,
}

/// What a program is written in, or run by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Runtime {
    /// Nothing shows.
    #[default]
    Unknown,
    /// Go: the program has the section .go.buildinfo.
    Go,
    /// CPython.
    Python,
    /// Node.js.
    Node,
    /// A Java virtual machine.
    Java,
}

/// Who else has a file that is registered under a number which is not open to it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Keeper {
    /// The file's registration: its epoll's number, and its own.
    pub epfd: i32,
    /// The number under which it is registered.
    pub fd: i32,
    /// Which file, if the kernel says so.
    pub file: Option<FileId>,
    /// Who has it open: the process, its name, and the number there.
    pub by: Vec<(i32, String, i32)>,
    /// What it is, as one of them has it, or as sock_diag lists it.
    pub state: File,
}

/// What could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// What was asked, or which permission is missing.
    pub what: String,
    /// What it would have told.
    pub would_tell: String,
    /// How to get it.
    pub remedy: String,
}

/// One look at one process.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// When it began, in nanoseconds of the monotonic clock.
    pub at: u64,
    /// Whom it is of.
    pub process: Process,
    /// Its threads.
    pub threads: Vec<Thread>,
    /// Its epolls.
    pub epolls: Vec<Epoll>,
    /// Threads that earlier looks have seen waiting on an epoll: its number, and the thread's.
    #[serde(default)]
    pub owners: Vec<(i32, i32)>,
    /// The files of the numbers that are registered, and of those that blocked calls are given. A number that is
    /// not here, and not in `closed`, was not looked at.
    pub files: BTreeMap<i32, File>,
    /// Numbers that are registered or waited on, and are not open.
    pub closed: Vec<i32>,
    /// How many descriptors it has open. `None`: it could not be asked.
    pub open: Option<u64>,
    /// How many it may have (the soft limit).
    pub limit: Option<u64>,
    /// Whether every number below the limit is open, so that no more can be opened.
    pub is_full: bool,
    /// Bytes that it has read and written ever, through calls of files.
    pub bytes: Option<(u64, u64)>,
    /// Who keeps the files of ghosts.
    pub keepers: Vec<Keeper>,
    /// Registrations of anonymous inodes that KCMP_EPOLL_TFD has compared: epoll, place in its list, and whether
    /// the number is open to the registered file.
    pub compared: Vec<(i32, usize, bool)>,
    /// Whether it has an io_uring, through which it may wait unseen.
    pub has_ring: bool,
    /// Descriptors that were copied to be asked, where that was allowed.
    pub copied: Vec<i32>,
    /// What could not be asked.
    pub missing: Vec<Missing>,
}
