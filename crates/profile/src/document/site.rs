//! What was called from where.

use serde::{Deserialize, Serialize};

/// A call site, and what was called there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SiteRow {
    /// The process.
    pub pid: i32,
    /// `wait`, `ctl`, `read`, `write`, `accept`, `connect`, `close` or `other`.
    pub call: String,
    /// The place in short: `flush_ http.c:131`, or `server+0x1361`.
    pub name: String,
    /// The call and its callers, the innermost first; empty: not known.
    pub places: Vec<Place>,
    /// Calls; exact.
    pub calls: u64,
    /// Bytes; exact.
    pub bytes: u64,
    /// Calls that returned EAGAIN; exact.
    pub again: u64,
    /// Short writes; exact.
    pub short_writes: u64,
    /// Calls that failed otherwise; exact.
    pub failed: u64,
    /// Calls of epoll_ctl that changed nothing; exact.
    pub redundant: u64,
    /// Time in turns from the call before to the end of each call here; exact.
    pub time: u64,
    /// The longest of these; exact.
    pub time_max: u64,
}

/// A place in the code.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Place {
    /// The path of the program or library; empty: in none.
    pub module: String,
    /// The address as the module counts it.
    pub offset: u64,
    /// The function; `None`: not known.
    pub function: Option<String>,
    /// The source file; `None`: not known.
    pub file: Option<String>,
    /// The line; `None`: not known.
    pub line: Option<u32>,
}
