//! What is counted of the whole run.

use super::call::{Called, Which};
use epshim_observe::Nanos;

/// Sums of all threads.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    pub empty_looks: u64,
    pub served_elsewhere: u64,
    pub ctl_calls: u64,
    pub redundant_ctl: u64,
    pub io_calls: u64,
    pub again: u64,
    pub short_writes: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub peer_blocked: Nanos,
    pub accepted: u64,
    pub accept_failed: u64,
    pub accept_burst: u64,
    pub resumed: u64,
    pub herd: u64,
    pub wasted: u64,
}

impl Counts {
    /// A call has ended.
    pub fn called(&mut self, call: &Called) {
        self.io_calls += u64::from(call.which.is_io());
        self.again += u64::from(call.is_again());
        match call.which {
            Which::Ctl => self.ctl_calls += 1,
            Which::Read => self.bytes_in += call.bytes(),
            Which::Write => {
                self.bytes_out += call.bytes();
                self.short_writes += u64::from(call.is_short());
            }
            Which::Accept if call.errno == 0 => self.accepted += 1,
            Which::Accept => self.accept_failed += u64::from(!call.is_again()),
            _ => {}
        }
    }
}
