//! What ran, how it ended, what was lost, and what the rules found.

use serde::{Deserialize, Serialize};

/// What ran, where, and who says so.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Program {
    /// The command and its arguments; empty: not known.
    pub command: Vec<String>,
    /// The process that it became.
    pub pid: i32,
    /// epshim's version.
    pub epshim: String,
    /// The machine.
    pub machine: Machine,
    /// The recording that the profile was made of; `None`: the running program.
    pub recording: Option<String>,
    /// It ran already, and was watched from outside: figures that need more are not known.
    #[serde(default)]
    pub from_outside: bool,
}

/// A machine.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Machine {
    /// The kernel's release; empty: not known.
    pub kernel: String,
    /// Its architecture.
    pub architecture: String,
    /// Processors that the program may use; 0: not known.
    pub processors: u32,
    /// The clock that times were read from.
    pub clock: String,
}

/// A process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessRow {
    /// Its id.
    pub pid: i32,
    /// The process that it was forked from; `None`: the first one.
    pub parent: Option<i32>,
    /// When it was first seen.
    pub from: u64,
    /// When it was last seen.
    pub to: u64,
    /// How it ended.
    pub ending: Ending,
    /// The signal that ended it.
    pub signal: Option<i32>,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// It had not ended, or it is not known.
    Open,
    /// It ended itself.
    Exited,
    /// It executed another program.
    Executed,
    /// A signal ended it.
    Signal,
}

/// What was lost of the records.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Drops {
    /// Observations that had no room.
    pub records: u64,
    /// Observations that were there.
    pub observed: u64,
    /// Processes that were not watched.
    pub processes: u64,
    /// When something was lost, at most 100 spans; close ones are one.
    pub spans: Vec<DropSpan>,
}

/// A span in which something was lost. Figures of it are too low.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DropSpan {
    /// Its begin.
    pub from: u64,
    /// Its end.
    pub to: u64,
    /// Observations.
    pub records: u64,
    /// The process; 0: not known.
    pub pid: i32,
}

/// What a rule of `epshim check` found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// When.
    pub at: u64,
    /// The rule, as `epshim rules` lists it.
    pub rule: String,
    /// `certain`, `fact`, `suspected` or `note`.
    pub certainty: String,
    /// The process.
    pub pid: i32,
    /// The thread.
    pub tid: i32,
    /// The epoll's descriptor.
    pub epfd: Option<i32>,
    /// The descriptor.
    pub fd: Option<i32>,
    /// What happened, in a sentence or two.
    pub what: String,
    /// What to do about it.
    pub fix: String,
}
