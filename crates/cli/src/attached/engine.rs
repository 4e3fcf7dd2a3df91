//! What the engine is asked for, and what its refusal is to the command.

use crate::launch::Failure;
use epshim_check::{Options, Rule};
use epshim_trace::{Asked, Refused};

/// What it is asked for: with a recording, what the models are told, too.
pub fn meant(pids: Vec<i32>, children: bool, wanted: &Options, records: bool) -> Asked {
    let off = Rule::ALL.into_iter().filter(|&rule| !wanted.wants(rule)).collect();
    Asked { pids, off, children, records, tap: None }
}

/// Why it does not watch.
pub fn refused(why: Refused) -> Failure {
    Failure::own(why.to_string())
}
