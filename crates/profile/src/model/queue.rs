//! What was asked from outside of threads, and waits until the observations have come to its time.

use epshim_observe::{Nanos, Pid, Tid};
use std::collections::VecDeque;

/// What was asked of a thread.
#[derive(Debug, Clone)]
pub enum Asked {
    Ran { on_cpu: Nanos, runnable: Nanos },
    Sampled { call: String, addresses: Vec<u64> },
}

/// When, of which thread, and what; in the order of their times.
pub type Queue = VecDeque<(Nanos, (Pid, Tid), Asked)>;
