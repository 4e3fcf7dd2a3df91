//! The figures of a run: each one row, with its unit and its kind.

use serde::{Deserialize, Serialize};

/// How sure a figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Counted or measured where it happened.
    Exact,
    /// It is at most this; for shares that follow from a threshold, about this.
    Bound,
    /// It is at least this.
    Least,
    /// Of samples.
    Sampled,
    /// Asked of the kernel, from outside the program.
    Kernel,
}

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Nanoseconds.
    Ns,
    /// Pieces.
    Count,
    /// Bytes.
    Bytes,
    /// A part of one: 0.5 is half.
    Share,
    /// So many for one of another; or a second.
    Rate,
}

/// A figure's number: whole, or a part.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Nanoseconds, pieces, bytes.
    Whole(u64),
    /// Shares and rates.
    Part(f64),
}

/// A figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// The number. `None`: it is not known.
    pub value: Option<Value>,
    /// What it counts.
    pub unit: Unit,
    /// How sure it is.
    pub kind: Kind,
}

impl Figure {
    /// The number, whichever it is.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        self.value.map(|value| match value {
            Value::Whole(whole) => whole as f64,
            Value::Part(part) => part,
        })
    }

    /// The whole number; `None`: it is not known, or a part.
    #[must_use]
    pub const fn whole(&self) -> Option<u64> {
        match self.value {
            Some(Value::Whole(whole)) => Some(whole),
            _ => None,
        }
    }
}

/// One row a figure: its doc, its name, its unit, its kind.
macro_rules! figures {
    ($($(#[doc = $doc:literal])+ $name:ident: $unit:ident, $kind:ident;)+) => {
        /// The figures of all threads together.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct Figures {
            $($(#[doc = $doc])+ pub $name: Figure,)+
        }

        impl Default for Figures {
            fn default() -> Self {
                Self {
                    $($name: Figure { value: None, unit: Unit::$unit, kind: Kind::$kind },)+
                }
            }
        }

        impl Figures {
            /// Each with its name and what it is.
            pub fn each(&self) -> impl Iterator<Item = (&'static str, &'static str, &Figure)> {
                [$((stringify!($name), concat!($($doc),+).trim_ascii(), &self.$name),)+].into_iter()
            }
        }
    };
}

figures! {
    /// Time in turns: from a wait's return to the thread's next wait.
    busy: Ns, Exact;
    /// Time in waits, but for spinning.
    waiting: Ns, Exact;
    /// Time in and between waits with timeout 0 that returned nothing.
    spinning: Ns, Exact;
    /// Time of all threads from their first wait on: busy, waiting and spinning together.
    looping: Ns, Exact;
    /// busy / looping.
    utilisation: Share, Exact;
    /// The utilisation of the busiest thread.
    utilisation_max: Share, Exact;
    /// Time on a processor, of the threads that wait.
    on_cpu: Ns, Kernel;
    /// Time ready to run and waiting for a processor.
    runnable: Ns, Kernel;
    /// Busy, and neither on a processor nor waiting for one: in calls that blocked.
    blocked: Ns, Kernel;
    /// Turns.
    turns: Count, Exact;
    /// The longest turn.
    turn_max: Ns, Exact;
    /// Slow turns.
    slow_turns: Count, Exact;
    /// Waits that returned, timed out or failed.
    waits: Count, Exact;
    /// Waits a second of looping.
    loop_rate: Rate, Exact;
    /// Waits with timeout 0 that returned nothing.
    empty_looks: Count, Exact;
    /// Events that were delivered.
    deliveries: Count, Exact;
    /// Events of a wait that returned some, on average.
    batch_mean: Rate, Exact;
    /// Waits that returned as many events as were asked for.
    full_batches: Count, Exact;
    /// Waits with events that found them ready, of all with events.
    returned_at_once: Share, Bound;
    /// From the wait's return to the first call on a delivery: 99 of 100 took at most this.
    delay_p99: Ns, Exact;
    /// Deliveries whose first call came in a later turn, or in another thread.
    served_elsewhere: Count, Exact;
    /// How long a delivery was ready before its wait returned: at most this, of 99 of 100.
    lag_p99: Ns, Bound;
    /// The same of all.
    lag_max: Ns, Bound;
    /// How long a delivery was ready before its first call: lag and delay together, at most this, of 99 of 100.
    late_p99: Ns, Bound;
    /// The same of all.
    late_max: Ns, Bound;
    /// What a wait with a timeout that ran out took beyond it: 99 of 100 at most this.
    timer_late_p99: Ns, Exact;
    /// Waits with events, of which no registration was touched until the next wait, nor by another thread before its
    /// next delivery.
    wasted: Count, Exact;
    /// Deliveries whose first call was EAGAIN.
    herd: Count, Exact;
    /// Calls of epoll_ctl.
    ctl_calls: Count, Exact;
    /// Those of them that changed nothing, or what was changed back within a turn.
    redundant_ctl: Count, Exact;
    /// Calls of read, write, accept and their like.
    io_calls: Count, Exact;
    /// Waits, calls of epoll_ctl and of input and output, for one delivery.
    calls_per_delivery: Rate, Exact;
    /// Calls that returned EAGAIN.
    again: Count, Exact;
    /// Writes that were short.
    short_writes: Count, Exact;
    /// Bytes that were read, but for what eventfds, timers and their like count.
    bytes_in: Bytes, Exact;
    /// Bytes that were written, likewise.
    bytes_out: Bytes, Exact;
    /// From a write that was short or found no room to the next byte written there, of all descriptors.
    peer_blocked: Ns, Exact;
    /// Connections that were accepted.
    accepted: Count, Exact;
    /// Calls of accept that failed, but for EAGAIN.
    accept_failed: Count, Exact;
    /// Accepts of one turn at most.
    accept_burst: Count, Exact;
    /// The busiest thread's busy time to the average, of threads that were there for half of the profile.
    imbalance: Rate, Exact;
    /// Calls on a registration that had no delivery in the turn: correct edge-triggered programs make them.
    resumed: Count, Exact;
    /// The most that waited in a socket's receive queue.
    receive_queue_max: Bytes, Kernel;
    /// The most that waited in a socket's send queue.
    send_queue_max: Bytes, Kernel;
    /// The most connections that waited to be accepted.
    backlog_max: Count, Kernel;
}
