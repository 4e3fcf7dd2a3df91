//! The profile as a document. docs/json.md has a row for each field, and a test holds one against the other.
//!
//! Times are nanoseconds since the profile's begin, lengths are nanoseconds, sizes are bytes. A site is the place of
//! its row in [`Profile::sites`]. An `Option` that is `None` was not known; it is never a zero.

mod descriptor;
mod figure;
mod histogram;
mod program;
mod site;
mod slow;
mod thread;
mod timeline;
mod verdict;

pub use descriptor::DescriptorRow;
pub use figure::{Figure, Figures, Kind, Unit, Value};
pub use histogram::{Bucket, Histogram, Measure};
pub use program::{DropSpan, Drops, Ending, Finding, Machine, ProcessRow, Program};
pub use site::{Place, SiteRow};
pub use slow::{Call, Gap, Neighbour, SampledStack, Served, SlowTurn};
pub use thread::ThreadRow;
pub use timeline::{Lane, Timeline, Turns};
pub use verdict::{Ground, Verdict, VerdictName};

use serde::{Deserialize, Serialize};

/// The version of the document. It is raised when a reader of the old one would misread the new one.
pub const SCHEMA: u32 = 1;
/// What [`Profile::kind`] is.
pub const KIND: &str = "profile";

/// All that is said of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// [`SCHEMA`].
    pub schema: u32,
    /// [`KIND`].
    pub kind: String,
    /// What ran, where, and who says so.
    pub program: Program,
    /// When the profile began, in seconds since 1970; 0: not known.
    pub started: f64,
    /// How long it is.
    pub duration: u64,
    /// Turns that are longer are slow.
    pub slow_limit: u64,
    /// The first is the main one; at most five follow.
    pub verdicts: Vec<Verdict>,
    /// The figures of all threads together, each with its kind.
    pub figures: Figures,
    /// Threads that have waited on an epoll, in the order in which they were first seen.
    pub threads: Vec<ThreadRow>,
    /// All processes that were watched.
    pub processes: Vec<ProcessRow>,
    /// The slow turns, the longest first, at most 200.
    pub slow_turns: Vec<SlowTurn>,
    /// Slow turns that are not in the list.
    pub slow_turns_left_out: u64,
    /// Descriptors, the one with the most deliveries first, at most 1,000.
    pub descriptors: Vec<DescriptorRow>,
    /// Descriptors that are not in the list.
    pub descriptors_left_out: u64,
    /// Call sites, in no order; others name a row by its place.
    pub sites: Vec<SiteRow>,
    /// The whole run in columns of equal width, for each thread.
    pub timeline: Timeline,
    /// The latest turns one by one, at most 500,000 of all threads.
    pub turns: Vec<Turns>,
    /// Distributions of the whole run.
    pub histograms: Vec<Histogram>,
    /// What was lost, and when.
    pub drops: Drops,
    /// With `--check`: what the rules found.
    pub findings: Vec<Finding>,
    /// What was not seen in this run, in words.
    pub not_seen: Vec<String>,
}
