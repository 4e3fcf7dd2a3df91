//! The ledger: which faults were made, where, and why some were not. Memory that all processes of a run share, as
//! atomics: what a process has written stays when it is killed, and a sandbox cannot forbid it.
//!
//! Owns the form of the memory, not the mapping: the library and the command each map the file. All zeros, which
//! a new file is, are an empty ledger.
//!
//! Surprising: an entry is whole when its last word is set, which is stored last. One that a process died in is
//! passed over.

#![forbid(unsafe_code)]

mod entry;
mod site;

pub use entry::{Entry, Made};
pub use site::{Place, Site};

use epshim_observe::fault::{Fault, Reason};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// Faults that are written down; the rest are counted.
pub const ENTRIES: usize = 16384;
/// Places in the program that are told apart.
pub const SITES: usize = 512;
/// Bytes of the memory.
pub const SIZE: usize = size_of::<Ledger>();

/// The whole memory.
#[derive(Debug)]
#[repr(C)]
pub struct Ledger {
    /// Processes that have registered something.
    processes: AtomicU32,
    /// Listeners that were registered.
    listeners: AtomicU32,
    /// Faults, those without an entry too.
    faults: AtomicU32,
    /// Faults that the monitor calls illegal.
    illegal: AtomicU32,
    /// Bytes moved and connections accepted, of all processes.
    moved: AtomicU64,
    /// Waits that returned.
    turns: AtomicU64,
    /// By [`Fault`].
    made: [AtomicU32; 32],
    /// By [`Reason`].
    refused: [AtomicU32; 16],
    sites: [Site; SITES],
    entries: [Entry; ENTRIES],
}

const _: () = assert!(Fault::ALL.len() <= 32 && Reason::ALL.len() <= 16);

impl Ledger {
    /// A process registers its first descriptor: its number, from 1.
    pub fn enter(&self) -> u32 {
        self.processes.fetch_add(1, Relaxed) + 1
    }

    /// A listener was registered.
    pub fn listens(&self) {
        self.listeners.fetch_add(1, Relaxed);
    }

    /// Whether a process has one.
    #[must_use]
    pub fn has_listener(&self) -> bool {
        self.listeners.load(Relaxed) > 0
    }

    /// Whether a process has registered anything.
    #[must_use]
    pub fn has_process(&self) -> bool {
        self.processes.load(Relaxed) > 0
    }

    /// So many bytes or connections more.
    pub fn moves(&self, amount: u64) {
        self.moved.fetch_add(amount, Relaxed);
    }

    /// A wait has returned.
    pub fn turns(&self) {
        self.turns.fetch_add(1, Relaxed);
    }

    /// What has moved so far, and how many waits have returned.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        (self.moved.load(Relaxed), self.turns.load(Relaxed))
    }

    /// A fault was made.
    pub fn write(&self, made: &Made) {
        self.made[made.name.fault as usize].fetch_add(1, Relaxed);
        let place = self.faults.fetch_add(1, Relaxed) as usize;
        if let Some(entry) = self.entries.get(place) {
            entry.set(made);
        }
    }

    /// A fault was not made, for this reason.
    pub fn refuse(&self, reason: Reason) {
        self.refused[reason as usize].fetch_add(1, Relaxed);
    }

    /// The monitor saw what is not legal.
    pub fn is_illegal(&self) {
        self.illegal.fetch_add(1, Relaxed);
    }

    /// How often it did.
    #[must_use]
    pub fn illegal(&self) -> u32 {
        self.illegal.load(Relaxed)
    }

    /// How many faults were made.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.faults.load(Relaxed)
    }

    /// How many of each kind, those that were made.
    #[must_use]
    pub fn by_fault(&self) -> Vec<(Fault, u32)> {
        let all =
            Fault::ALL.into_iter().map(|fault| (fault, self.made[fault as usize].load(Relaxed)));
        all.filter(|&(_, count)| count > 0).collect()
    }

    /// How many were not made, by reason.
    #[must_use]
    pub fn by_reason(&self) -> Vec<(Reason, u32)> {
        let all = Reason::ALL
            .into_iter()
            .map(|reason| (reason, self.refused[reason as usize].load(Relaxed)));
        all.filter(|&(_, count)| count > 0).collect()
    }

    /// The faults that were written down, in their order.
    pub fn entries(&self) -> impl Iterator<Item = Made> {
        let count = (self.count() as usize).min(ENTRIES);
        self.entries[..count].iter().filter_map(Entry::get)
    }

    /// The site of this place, which is added if it is new. `None`: there are too many.
    pub fn site(&self, place: &Place) -> Option<u32> {
        let at = self.sites.iter().position(|site| site.is(place))?;
        Some(at as u32)
    }

    /// A fault could happen at the site; it did, or not.
    pub fn reach(&self, site: u32, fault: Fault, did: bool) {
        if let Some(site) = self.sites.get(site as usize) {
            site.reach(fault, did);
        }
    }

    /// The place of a site.
    #[must_use]
    pub fn place(&self, site: u32) -> Option<Place> {
        self.sites.get(site as usize)?.place()
    }

    /// How many sites faults happened at, and how many there are.
    #[must_use]
    pub fn reached(&self) -> (usize, usize) {
        let seen: Vec<_> = self.sites.iter().filter(|site| site.place().is_some()).collect();
        (seen.iter().filter(|site| site.did() != 0).count(), seen.len())
    }

    /// The sites, and the faults that could happen and did happen there, as bits of `Faults`.
    pub fn sites(&self) -> impl Iterator<Item = (Place, u32, u32)> {
        self.sites.iter().filter_map(|site| Some((site.place()?, site.could(), site.did())))
    }
}
