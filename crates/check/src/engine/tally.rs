//! What was found: each mistake once, and how often.

use crate::engine::finding::Finding;
use crate::engine::rule::{Certainty, Rule};
use epshim_observe::Site;
use rustc_hash::FxHashMap;

/// At most this many different findings are kept apart; those after them are only counted.
const DIFFERENT: usize = 4096;

/// What tells findings apart: see [`Finding::fingerprint`].
pub type Fingerprint = (Rule, Site, Site);

/// The findings so far, by rule and call sites.
#[derive(Debug, Default)]
pub struct Tally {
    seen: FxHashMap<Fingerprint, (Certainty, u64)>,
    /// Findings that were one too many to be told apart.
    pub dropped: u64,
}

impl Tally {
    /// Counts a finding, and returns it if it is to be reported: it is new, or surer than before.
    pub fn count(&mut self, finding: Finding) -> Option<Finding> {
        let fingerprint = finding.fingerprint();
        if self.seen.len() >= DIFFERENT && !self.seen.contains_key(&fingerprint) {
            self.dropped += 1;
            return None;
        }
        let (surest, times) = self.seen.entry(fingerprint).or_insert((Certainty::Note, 0));
        *times += 1;
        let is_new = *times == 1 || finding.certainty > *surest;
        *surest = finding.certainty.max(*surest);
        is_new.then_some(finding)
    }

    /// The same finding, this many times more.
    pub(crate) fn count_more(&mut self, fingerprint: Fingerprint, times: u64) {
        if let Some((_, seen)) = self.seen.get_mut(&fingerprint) {
            *seen += times;
        }
    }

    /// Adds what another one has, of the same program: what was known of it was lost between the two.
    pub fn add(&mut self, other: &Self) {
        for (fingerprint, certainty, times) in other.each() {
            let (surest, seen) = self.seen.entry(fingerprint).or_insert((certainty, 0));
            *surest = certainty.max(*surest);
            *seen += times;
        }
        self.dropped += other.dropped;
    }

    /// How sure a finding of this fingerprint was at most; `None`: there was none.
    #[must_use]
    pub fn surest(&self, fingerprint: Fingerprint) -> Option<Certainty> {
        self.seen.get(&fingerprint).map(|&(surest, _)| surest)
    }

    /// Each different finding: its certainty at most, and how often it was seen.
    pub fn each(&self) -> impl Iterator<Item = (Fingerprint, Certainty, u64)> + '_ {
        self.seen.iter().map(|(&fingerprint, &(certainty, times))| (fingerprint, certainty, times))
    }

    /// How many different findings there were of each rule, at what certainty at most, and how
    /// often in all.
    #[must_use]
    pub fn of(&self, rule: Rule) -> Option<(Certainty, usize, u64)> {
        let of_rule = || self.seen.iter().filter(|((of, ..), _)| *of == rule).map(|(_, seen)| seen);
        let surest = of_rule().map(|&(certainty, _)| certainty).max()?;
        Some((surest, of_rule().count(), of_rule().map(|&(_, times)| times).sum()))
    }
}
