//! What is to become of a call.

use epshim_observe::fault::Fault;
use std::ffi::c_int;

/// What is to become of a call.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Fate {
    /// The kernel is asked for this instead.
    pub room: Option<u64>,
    /// It is not asked, and this is told.
    pub error: c_int,
    /// What the caller does with a connection that is accepted: this is told, and it is closed. Of a connect that
    /// goes on: this is told.
    pub lost: c_int,
    /// Sent to the thread before an error is told; 0: none.
    pub signal: c_int,
    /// The fault.
    pub fault: Option<Fault>,
    /// What it gives.
    pub gives: u64,
}
