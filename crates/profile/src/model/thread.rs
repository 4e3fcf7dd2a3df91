//! A thread between its first wait and its end: what it is in, and what its turn has had so far.

use super::call::{Called, Which};
use crate::document::Served;
use epshim_observe::{Fd, Nanos};

/// Calls of a turn that are kept.
const MOST_CALLS: usize = 256;
/// Deliveries of a turn that are kept.
pub const MOST_SERVED: usize = 64;
/// Different samples of a turn that are kept.
pub const MOST_STACKS: usize = 32;

/// What a thread is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// It has not waited yet.
    #[default]
    New,
    Waiting {
        since: Nanos,
        epfd: Fd,
        timeout: i64,
    },
    Turn {
        since: Nanos,
        epfd: Fd,
    },
}

/// What is beside a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    pub at: Nanos,
    /// `None`: a wait's return, or the turn's end.
    pub which: Option<Which>,
    pub fd: Option<Fd>,
    pub site: Option<usize>,
}

/// The longest time without a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Longest {
    pub length: Nanos,
    pub after: Mark,
    pub before: Mark,
}

/// Samples that were alike: the call slept in, and the addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    pub samples: u64,
    pub call: String,
    pub addresses: Vec<u64>,
}

/// What a turn has had so far.
#[derive(Debug, Clone, Default)]
pub struct Current {
    pub deliveries: usize,
    pub served: Vec<Served>,
    pub calls: Vec<(Called, usize)>,
    pub calls_count: u64,
    pub accepted: u64,
    /// The wait before it looked, and found nothing.
    pub is_after_look: bool,
    pub samples: Vec<Sample>,
    pub last: Option<Mark>,
    pub longest: Option<Longest>,
}

/// Times of the thread that the kernel counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ran {
    pub at: Nanos,
    pub on_cpu: Nanos,
    pub runnable: Nanos,
}

/// A slow turn that waits for the kernel's next answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsure {
    pub turn: u64,
    pub before: Ran,
    pub length: Nanos,
}

/// A thread.
#[derive(Debug, Clone, Default)]
pub struct Thread {
    pub row: usize,
    pub phase: Phase,
    /// Its latest time: it does not go back.
    pub latest: Nanos,
    /// The number of the turn.
    pub turn: u64,
    pub current: Current,
    /// A wait on an inner epoll, within a turn.
    pub inner: Option<Fd>,
    /// When the latest wait returned.
    pub returned: Nanos,
    /// A short time between two looks, which is spinning if the second finds nothing either: its begin, and length.
    pub between: Option<(Nanos, Nanos)>,
    pub ran: Option<Ran>,
    pub unsure: Option<Unsure>,
    /// The answer before the turn.
    pub ran_before: Option<Ran>,
}

impl Current {
    /// A turn begins.
    pub fn begin(&mut self, at: Nanos, is_after_look: bool) {
        let Self { mut served, mut calls, mut samples, .. } = std::mem::take(self);
        served.clear();
        calls.clear();
        samples.clear();
        let last = Some(Mark { at, which: None, fd: None, site: None });
        *self = Self { served, calls, samples, last, is_after_look, ..Self::default() };
    }

    /// Something ended, which is beside a gap. Returns the time since what was before.
    pub fn mark(&mut self, mark: Mark) -> Nanos {
        let Some(after) = self.last.replace(mark) else { return 0 };
        let length = mark.at.saturating_sub(after.at);
        if self.longest.is_none_or(|longest| length > longest.length) {
            self.longest = Some(Longest { length, after, before: mark });
        }
        length
    }

    /// A call of it has ended, likewise.
    pub fn called(&mut self, call: &Called, site: usize) -> Nanos {
        self.calls_count += 1;
        if self.calls.len() < MOST_CALLS {
            self.calls.push((*call, site));
        }
        self.accepted += u64::from(call.which == Which::Accept && call.errno == 0);
        let (which, fd) = (Some(call.which), Some(call.fd));
        self.mark(Mark { at: call.at, which, fd, site: Some(site) })
    }

    /// The thread was seen doing this.
    pub fn sampled(&mut self, call: &str, addresses: &[u64]) {
        let is_same = |one: &&mut Sample| one.call == call && one.addresses == addresses;
        if let Some(same) = self.samples.iter_mut().find(is_same) {
            same.samples += 1;
        } else if self.samples.len() < MOST_STACKS {
            let (call, addresses) = (call.to_owned(), addresses.to_owned());
            self.samples.push(Sample { samples: 1, call, addresses });
        }
    }
}

impl Thread {
    /// When the turn that it is in has begun.
    pub const fn turn_since(&self) -> Option<Nanos> {
        match self.phase {
            Phase::Turn { since, .. } => Some(since),
            _ => None,
        }
    }
}
