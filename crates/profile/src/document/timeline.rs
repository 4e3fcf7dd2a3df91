//! The run along its time: columns of equal width, and the latest turns one by one.

use serde::{Deserialize, Serialize};

/// The whole run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Timeline {
    /// How long a column is.
    pub width: u64,
    /// How many there are, at most 2,048. The first begins at 0.
    pub columns: usize,
    /// One a thread, in the order of `threads`.
    pub lanes: Vec<Lane>,
}

/// A thread: each list has a number for each column.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Lane {
    /// The process.
    pub pid: i32,
    /// The thread.
    pub tid: i32,
    /// Time in turns; exact.
    pub busy: Vec<u64>,
    /// Time in waits; exact.
    pub waiting: Vec<u64>,
    /// Time spinning; exact.
    pub spinning: Vec<u64>,
    /// Time in which it waited for a processor; of the kernel, spread evenly between two questions. Empty: not known.
    pub runnable: Vec<u64>,
    /// Time on a processor, likewise.
    pub on_cpu: Vec<u64>,
    /// Turns that ended; exact.
    pub turns: Vec<u64>,
    /// The longest that ended, or was open; exact.
    pub turn_max: Vec<u64>,
    /// Events; exact.
    pub deliveries: Vec<u64>,
    /// Bytes read; exact.
    pub bytes_in: Vec<u64>,
    /// Bytes written; exact.
    pub bytes_out: Vec<u64>,
    /// The highest bound of a delivery's lag.
    pub lag_max: Vec<u64>,
    /// Observations that were lost.
    pub dropped: Vec<u64>,
}

/// The latest turns of a thread: lists of equal length, the earliest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Turns {
    /// The process.
    pub pid: i32,
    /// The thread.
    pub tid: i32,
    /// Before this time turns are not in the list.
    pub from: u64,
    /// When each began, after the one before; the first after `from`.
    pub after: Vec<u64>,
    /// How long each was.
    pub length: Vec<u64>,
    /// Events of its wait.
    pub deliveries: Vec<u32>,
}
