//! What happened on a descriptor.

use serde::{Deserialize, Serialize};

/// A descriptor from its first sight to its close. Its number may be another row's before or after.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DescriptorRow {
    /// Its process.
    pub pid: i32,
    /// Its number.
    pub fd: i32,
    /// `stream`, `listener`, `datagram`, `pipe`, `counter`, `queue`, `epoll` or `unknown`.
    pub kind: String,
    /// The address of the other end; `None`: not known, or redacted.
    pub peer: Option<String>,
    /// When it was first seen.
    pub from: u64,
    /// When it was closed; `None`: it was not.
    pub closed: Option<u64>,
    /// Events; exact.
    pub deliveries: u64,
    /// Events of which nothing came until the next; exact.
    pub wasted: u64,
    /// Events whose first call was EAGAIN; exact.
    pub herd: u64,
    /// Reads and receives; exact.
    pub reads: u64,
    /// Writes and sends; exact.
    pub writes: u64,
    /// Accepts; exact.
    pub accepts: u64,
    /// Calls of epoll_ctl; exact.
    pub ctl_calls: u64,
    /// Those that changed nothing; exact.
    pub redundant_ctl: u64,
    /// Bytes read; exact.
    pub bytes_in: u64,
    /// Bytes written; exact.
    pub bytes_out: u64,
    /// Calls that returned EAGAIN; exact.
    pub again: u64,
    /// Writes that were short; exact.
    pub short_writes: u64,
    /// From a write that was short or found no room to the next byte written; exact.
    pub peer_blocked: u64,
    /// The longest time from a delivery's wait to the first call; exact.
    pub delay_max: u64,
    /// How long a delivery was ready before its wait returned, at most; a bound.
    pub lag_max: u64,
    /// The longest time without a delivery or a call; exact.
    pub idle_max: u64,
    /// The call sites that used it, at most 8.
    pub sites: Vec<usize>,
    /// Bytes in and out, in 32 equal parts of the timeline.
    pub activity: Vec<u64>,
}
