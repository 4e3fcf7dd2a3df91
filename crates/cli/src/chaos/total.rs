//! What all runs of a search came to.

use epshim_ledger::Ledger;
use epshim_observe::fault::{Fault, Faults, Reason};
use std::collections::BTreeMap;
use std::time::Duration;

/// What all runs came to.
#[derive(Debug, Default)]
pub struct Total {
    pub runs: u64,
    pub failed: u64,
    pub by_fault: BTreeMap<Fault, u64>,
    pub by_reason: BTreeMap<Reason, u64>,
    pub illegal: u64,
    /// Runs that were slow, and the longest of them.
    pub slow: u64,
    pub slowest: Duration,
    /// By place: the faults that could be, and those that were.
    pub sites: BTreeMap<(String, u64), (u32, u32)>,
}

impl Total {
    /// How many faults were made.
    pub fn faults(&self) -> u64 {
        self.by_fault.values().sum()
    }

    /// How many places had a fault, and how many there are.
    pub fn reached(&self) -> (usize, usize) {
        (self.sites.values().filter(|(_, did)| *did != 0).count(), self.sites.len())
    }

    /// The kinds of fault that no call could have had, and those that could and never had.
    pub fn never(&self, wanted: Faults) -> (Faults, Faults) {
        let all = |pick: fn(&(u32, u32)) -> u32| {
            self.sites.values().fold(0, |bits, site| bits | pick(site))
        };
        let (could, did) = (all(|site| site.0), all(|site| site.1));
        (Faults(wanted.0 & !could), Faults(wanted.0 & could & !did))
    }

    /// A run is over.
    pub fn add(&mut self, ledger: &Ledger, has_failed: bool) {
        self.runs += 1;
        self.failed += u64::from(has_failed);
        self.illegal += u64::from(ledger.illegal());
        for (fault, count) in ledger.by_fault() {
            *self.by_fault.entry(fault).or_default() += u64::from(count);
        }
        for (reason, count) in ledger.by_reason() {
            *self.by_reason.entry(reason).or_default() += u64::from(count);
        }
        for (place, could, did) in ledger.sites() {
            let site = self.sites.entry((place.module, place.offset)).or_default();
            (site.0, site.1) = (site.0 | could, site.1 | did);
        }
    }
}
