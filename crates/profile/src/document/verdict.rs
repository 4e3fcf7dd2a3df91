//! Verdicts: what is to be said of a loop, and the test that says so.

use serde::{Deserialize, Serialize};

/// What a loop suffers from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictName {
    /// A thread does not wait again, or is stopped.
    Hanging,
    /// Turns that keep all others waiting.
    Blocked,
    /// The loop has more to do than it can.
    Saturated,
    /// It waits for a processor.
    Starved,
    /// One thread has most of the work.
    Imbalanced,
    /// Wake-ups and calls that do nothing.
    Wasteful,
    /// It looks again and again, and finds nothing.
    Spinning,
    /// It waits for its peers to take what it writes.
    PeerBound,
    /// Nothing is wrong with the loop.
    Idle,
    /// No thread has waited on an epoll.
    NoLoop,
}

impl VerdictName {
    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hanging => "hanging",
            Self::Blocked => "blocked",
            Self::Saturated => "saturated",
            Self::Starved => "starved",
            Self::Imbalanced => "imbalanced",
            Self::Wasteful => "wasteful",
            Self::Spinning => "spinning",
            Self::PeerBound => "peer-bound",
            Self::Idle => "idle",
            Self::NoLoop => "no-loop",
        }
    }
}

/// A verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Which.
    pub name: VerdictName,
    /// In a sentence or two.
    pub text: String,
    /// What to do about it, or where to look; empty: nothing.
    pub advice: String,
    /// The test: `slow turns > 0`.
    pub test: String,
    /// The numbers of the test.
    pub grounds: Vec<Ground>,
    /// The span to look at; `None`: the whole run.
    pub from: Option<u64>,
    /// Its end.
    pub to: Option<u64>,
    /// The process and the thread that it is about; `None`: all.
    pub tid: Option<i32>,
    /// The slow turn that it is about: a place in `slow_turns`.
    pub slow_turn: Option<usize>,
    /// The descriptor that it is about: a place in `descriptors`.
    pub descriptor: Option<usize>,
}

/// A number that a verdict stands on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ground {
    /// What it is: the name of a figure, or words.
    pub what: String,
    /// The number.
    pub value: f64,
    /// What it is held against.
    pub limit: f64,
}
