//! What was lost of the records, and when.

use crate::document::{DropSpan, Drops};
use epshim_observe::{Nanos, Pid, SECOND};

/// At most as many spans; those that are this close are one.
const MOST: usize = 100;
const CLOSE: Nanos = SECOND / 10;

/// What was lost.
#[derive(Debug, Clone, Default)]
pub struct Losses(Drops);

impl Losses {
    /// One more observation was there.
    pub const fn observed(&mut self) {
        self.0.observed += 1;
    }

    /// These were lost.
    pub fn lost(&mut self, at: Nanos, pid: Pid, records: u64) {
        self.0.records += records;
        let close = CLOSE.max(at / 64);
        let is_full = self.0.spans.len() >= MOST;
        match self.0.spans.last_mut() {
            Some(last) if last.to + close >= at || is_full => {
                last.to = last.to.max(at + 1);
                last.records += records;
                if last.pid != pid {
                    last.pid = 0;
                }
            }
            _ => self.0.spans.push(DropSpan { from: at, to: at + 1, records, pid }),
        }
    }

    /// Processes that were not watched at all.
    pub const fn unwatched(&mut self, processes: u64) {
        self.0.processes += processes;
    }

    pub fn document(self) -> Drops {
        self.0
    }
}
