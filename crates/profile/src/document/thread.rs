//! What a thread did with its time.

use serde::{Deserialize, Serialize};

/// A thread that has waited on an epoll. busy + waiting + spinning = to − from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ThreadRow {
    /// Its process.
    pub pid: i32,
    /// Its id.
    pub tid: i32,
    /// Its name; `None`: not known.
    pub name: Option<String>,
    /// When its first wait began.
    pub from: u64,
    /// When it ended, or the profile did.
    pub to: u64,
    /// Time in turns; exact.
    pub busy: u64,
    /// Time in waits; exact.
    pub waiting: u64,
    /// Time of waits with timeout 0 that returned nothing; exact.
    pub spinning: u64,
    /// Time on a processor between `from` and `to`; of the kernel.
    pub on_cpu: Option<u64>,
    /// Time in which it waited for a processor; of the kernel.
    pub runnable: Option<u64>,
    /// Busy, and neither; of the kernel.
    pub blocked: Option<u64>,
    /// Turns; exact.
    pub turns: u64,
    /// The longest; exact.
    pub turn_max: u64,
    /// Slow turns; exact.
    pub slow_turns: u64,
    /// Waits that have ended; exact.
    pub waits: u64,
    /// Waits with events; exact.
    pub wakeups: u64,
    /// Events; exact.
    pub deliveries: u64,
    /// Waits with events that returned at once; a bound.
    pub returned_at_once: u64,
    /// Waits with events after which nothing was done; exact.
    pub wasted: u64,
    /// Deliveries whose first call was EAGAIN; exact.
    pub herd: u64,
    /// Connections accepted; exact.
    pub accepted: u64,
    /// Calls of input and output; exact.
    pub io_calls: u64,
    /// Bytes read; exact.
    pub bytes_in: u64,
    /// Bytes written; exact.
    pub bytes_out: u64,
    /// Descriptors that it was told of; exact, up to 1,000.
    pub descriptors: u64,
    /// At the profile's end it had not waited again since this time; `None`: it waits, or has ended.
    pub in_turn_since: Option<u64>,
}

impl ThreadRow {
    /// Busy, waiting and spinning together.
    #[must_use]
    pub const fn looping(&self) -> u64 {
        self.busy.saturating_add(self.waiting).saturating_add(self.spinning)
    }

    /// Whether it was there for half of a profile of this length: only such threads share work. The row of many threads
    /// is none.
    #[must_use]
    pub const fn is_lasting(&self, duration: u64) -> bool {
        self.tid != 0 && self.to.saturating_sub(self.from) >= duration / 2
    }

    /// For how long it had been in its turn at the end; `None`: in none.
    #[must_use]
    pub const fn in_turn(&self) -> Option<u64> {
        match self.in_turn_since {
            Some(since) => Some(self.to.saturating_sub(since)),
            None => None,
        }
    }
}
