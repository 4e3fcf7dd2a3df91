//! What is written down of one process, and the end of a report that follows from it.

use crate::rules::Rules;
use crate::text::{Lines, Text};
use epshim_report::{Count, End, Fate, Others, Seen};
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// What one process has written down.
#[derive(Debug)]
#[repr(C)]
pub struct Slot {
    /// Programs that the process has executed, this one too.
    pub generation: AtomicU32,
    /// It is counted among [`Page::processes`](crate::Page::processes).
    pub is_counted: AtomicU32,
    /// Suspicions that are open.
    pub pending: AtomicU32,
    /// Suspicions that the kernel is asked about, and findings that are being written.
    pub settling: AtomicU32,
    /// Findings that are notes, and not shown.
    pub notes: AtomicU32,
    /// Waits that were begun.
    pub waits: AtomicU64,
    /// Registrations that were made.
    pub registrations: AtomicU64,
    /// What was found.
    pub rules: Rules,
    /// What the observer has reported of the process, and how much of that the process counts itself by now.
    pub observed: Rules,
    /// See [`observed`](Self::observed).
    pub taken: AtomicU32,
    /// The thread of ours in the process; 0: there is none.
    pub monitor: AtomicI32,
    /// The last lines of the findings.
    pub summaries: Lines<4>,
    /// How it came to be in a sandbox (seccomp), in which not everything is known.
    pub sandbox: Text<256>,
}

impl Slot {
    /// A program begins: nothing of it is known.
    pub fn begin(&self) {
        self.generation.fetch_add(1, Relaxed);
        for number in [&self.is_counted, &self.pending, &self.settling, &self.notes] {
            number.store(0, Relaxed);
        }
        self.waits.store(0, Relaxed);
        self.registrations.store(0, Relaxed);
        self.rules.clear();
        self.observed.clear();
        self.taken.store(0, Relaxed);
        self.monitor.store(0, Relaxed);
        self.summaries.clear();
        self.sandbox.clear();
    }

    /// Whether there is something to say of it: it has waited, or something was found.
    #[must_use]
    pub fn is_of_interest(&self) -> bool {
        self.waits.load(Relaxed) > 0 || !self.rules.counts().is_empty()
    }

    /// What the observer has found, and the process does not count. Each finding of the observer is of one occurrence.
    #[must_use]
    pub fn observed(&self) -> Vec<Count> {
        let mut taken = u64::from(self.taken.load(Relaxed));
        let mut counts = self.observed.counts();
        for count in &mut counts {
            let less = taken.min(count.findings);
            (count.findings, taken) = (count.findings - less, taken - less);
            count.occurrences = count.findings;
        }
        counts.retain(|count| count.findings > 0);
        counts
    }

    /// The end of its report, where the process could not write it.
    #[must_use]
    pub fn end(&self, pid: u32, time: Duration, fate: Fate) -> End {
        let (mut summaries, more) = self.summaries.all();
        if more > 0 {
            summaries.push(format!("and {more} more"));
        }
        let pending =
            u64::from(self.pending.load(Relaxed)) + u64::from(self.settling.load(Relaxed));
        End {
            pid,
            time,
            counts: Count::join(self.rules.counts(), self.observed()),
            suppressed: Vec::new(),
            notes_not_shown: self.notes.load(Relaxed).into(),
            seen: Seen {
                waits: self.waits.load(Relaxed),
                registrations: self.registrations.load(Relaxed),
                sandbox: self.sandbox.get(),
                ..Seen::default()
            },
            summaries,
            json: None,
            fate: Some(Fate { pending, ..fate }),
            others: Others::default(),
        }
    }
}
