//! How much was found of each rule, in numbers.

use epshim_check::{Certainty, Rule};
use epshim_report::Count;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// More than there are rules.
const RULES: usize = 32;
const CERTAINTIES: [Certainty; 4] =
    [Certainty::Note, Certainty::Suspected, Certainty::Fact, Certainty::Certain];

#[derive(Debug)]
#[repr(C)]
struct Row {
    findings: AtomicU32,
    occurrences: AtomicU32,
    certainty: AtomicU32,
}

/// The counts, in the order of [`Rule::ALL`].
#[derive(Debug)]
#[repr(C)]
pub struct Rules([Row; RULES]);

impl Rules {
    /// Writes down what was found so far.
    pub fn set(&self, counts: &[Count]) {
        for (rule, row) in Rule::ALL.iter().zip(&self.0) {
            let Some(count) = counts.iter().find(|count| count.rule == *rule) else { continue };
            let certainty = CERTAINTIES.iter().position(|one| *one == count.certainty);
            row.certainty.store(certainty.unwrap_or(0) as u32, Relaxed);
            row.occurrences.store(small(count.occurrences), Relaxed);
            row.findings.store(small(count.findings), Relaxed);
        }
    }

    /// Nothing was found.
    pub fn clear(&self) {
        self.0.iter().for_each(|row| row.findings.store(0, Relaxed));
    }

    /// What was found, by rule.
    #[must_use]
    pub fn counts(&self) -> Vec<Count> {
        let rows = Rule::ALL.into_iter().zip(&self.0).map(|(rule, row)| Count {
            rule,
            certainty: CERTAINTIES[row.certainty.load(Relaxed) as usize % CERTAINTIES.len()],
            findings: row.findings.load(Relaxed).into(),
            occurrences: row.occurrences.load(Relaxed).into(),
        });
        rows.filter(|count| count.findings > 0).collect()
    }
}

fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
