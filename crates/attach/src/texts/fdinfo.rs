//! `/proc/PID/fdinfo/FD` (proc_pid_fdinfo(5)).
//! The lines of registrations are read by `epshim_observe::proc`, for every front-end.

use super::{decimal, field, hex};
use crate::look::{FileId, Registration};
use epshim_observe::proc;

/// What the text of an open file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Info {
    /// The flags of open(2).
    pub flags: Option<u32>,
    /// Of an eventfd.
    pub count: Option<u64>,
    /// Of a timerfd: expirations unread.
    pub ticks: Option<u64>,
    /// Of a signalfd: a bit a signal.
    pub signals: Option<u64>,
    /// Of a pidfd.
    pub pid: Option<i32>,
}

/// Reads everything but registrations.
#[must_use]
pub fn info(text: &[u8]) -> Info {
    let octal = |word: &[u8]| u32::from_str_radix(std::str::from_utf8(word).ok()?, 8).ok();
    Info {
        flags: field(text, "flags").and_then(octal),
        count: field(text, "eventfd-count").and_then(hex),
        ticks: field(text, "ticks").and_then(decimal),
        signals: proc::signals(text, "sigmask"),
        pid: field(text, "Pid").and_then(decimal),
    }
}

/// The registrations of an epoll, in the kernel's order. Lines that are none are passed over.
#[must_use]
pub fn registrations(text: &[u8]) -> Vec<Registration> {
    let registration = |entry: proc::Entry| Registration {
        fd: entry.fd,
        events: entry.events,
        data: entry.data,
        file: entry.file.map(|(inode, device)| FileId { inode, device }),
    };
    proc::entries(text).map(registration).collect()
}
