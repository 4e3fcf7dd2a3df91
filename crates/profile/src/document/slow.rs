//! Slow turns.

use super::site::Place;
use serde::{Deserialize, Serialize};

/// A turn that was longer than the limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlowTurn {
    /// The process.
    pub pid: i32,
    /// The thread.
    pub tid: i32,
    /// When the wait returned.
    pub at: u64,
    /// Until the next wait; exact.
    pub length: u64,
    /// It had not ended when the profile did.
    pub is_open: bool,
    /// Time on a processor; a bound, of the kernel's figures before and after.
    pub on_cpu: Option<u64>,
    /// Time in which the thread waited for a processor; likewise.
    pub runnable: Option<u64>,
    /// Neither; likewise.
    pub blocked: Option<u64>,
    /// The longest time without a call, and the calls around it.
    pub gap: Gap,
    /// The descriptor that the gap is about; `None`: none.
    pub fd: Option<i32>,
    /// Its other end.
    pub peer: Option<String>,
    /// What the wait had delivered, at most 64.
    pub served: Vec<Served>,
    /// All that it had delivered.
    pub deliveries: u64,
    /// The turn's calls, at most 256: the first, and those around the gap.
    pub calls: Vec<Call>,
    /// Calls that are not in the list.
    pub calls_left_out: u64,
    /// What the thread did, by samples; the most frequent first.
    pub stacks: Vec<SampledStack>,
}

/// The longest time of a turn without a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// How long; exact.
    pub length: u64,
    /// What was before it.
    pub after: Neighbour,
    /// What ended it. A call is seen when it returns: what it took is in the gap.
    pub before: Neighbour,
}

/// What is beside a gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neighbour {
    /// `wait returned`, `wait`, `end`, or the call: `read`, `write`, `accept`, `ctl`, `close`, ...
    pub what: String,
    /// When.
    pub at: u64,
    /// Its descriptor.
    pub fd: Option<i32>,
    /// Its call site: a place in `sites`.
    pub site: Option<usize>,
}

/// A delivery of a slow turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// The descriptor; `None`: the registration is not known.
    pub fd: Option<i32>,
    /// The events, as epoll(7) has them.
    pub events: u32,
    /// The delivery's data.
    pub data: u64,
}

/// A call of a slow turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// When it returned.
    pub at: u64,
    /// Which.
    pub what: String,
    /// Its descriptor.
    pub fd: Option<i32>,
    /// What it was asked for; `None`: nothing to be counted.
    pub asked: Option<u64>,
    /// What it moved, or returned.
    pub got: Option<u64>,
    /// Why it failed; 0: it did not.
    pub errno: i32,
    /// A place in `sites`.
    pub site: Option<usize>,
}

/// Samples of a thread that were alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampledStack {
    /// How many.
    pub samples: u64,
    /// The system call that it slept in; empty: it ran.
    pub call: String,
    /// The innermost first.
    pub places: Vec<Place>,
}
