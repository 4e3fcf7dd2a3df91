//! A suspicion: what looks wrong, with all that is needed to ask the kernel about it without the model at
//! hand. It is raised by a rule, waits until it is due, is asked about, and becomes a finding, or nothing.

use crate::engine::about::{About, Standing};
use crate::engine::finding::{Answer, Finding};
use crate::engine::rule::Share;
use crate::model::{Model, Moment, Wait};
use epshim_observe::{Kernel, Nanos, Site};
use std::fmt;

/// What looks wrong.
#[derive(Debug)]
pub struct Suspicion {
    pub(crate) about: About,
    pub(crate) case: Box<dyn Case>,
}

/// One case of a rule: what it remembers of a suspicion, and how it judges it.
pub(crate) trait Case: fmt::Debug + Send {
    /// Whether it holds when it is due, and again when the kernel has confirmed it.
    fn holds(&mut self, _: &mut About, _: &mut Model, _: &Moment<'_>) -> Standing {
        Standing::Ask
    }

    /// Asks the kernel. Takes a while: the program does not wait for it.
    fn confirm(&mut self, about: &About, now: Nanos, kernel: &mut dyn Kernel) -> Answer;

    /// What has the same kind, and the same first two call sites, is one finding.
    fn alike(&self) -> Option<(i32, i32, bool)> {
        None
    }

    /// How many of the rule are followed at a time.
    fn share(&self) -> Share {
        Share::Few
    }

    /// What goes on is asked about no more often than once a second.
    fn goes_on(&self) -> bool {
        false
    }

    /// A finding that is not to be reported yet: what is kept in its place, and for how long.
    fn keep(&self, _: &About, _: &Finding, _: &Model, _: Nanos) -> Option<(Box<dyn Case>, Nanos)> {
        None
    }

    /// What is kept hears of something. Returns when it is due now, if that has changed.
    fn hears(&mut self, _: &About, _: News<'_>) -> Option<Nanos> {
        None
    }

    /// Its finding is to be reported or counted.
    fn found(&mut self) {}

    /// The kernel contradicts.
    fn refuted(&mut self, _: &mut About, _: &mut Model, _: &Moment<'_>) {}
}

/// What those hear that are kept.
#[derive(Debug, Clone, Copy)]
pub(crate) enum News<'a> {
    /// A wait has run out, and a thread waits again.
    WaitsAgain(&'a Wait),
    /// The program ends.
    Ends(Nanos),
}

/// A suspicion that the kernel was asked about, and what came of it.
#[derive(Debug)]
pub struct Verdict {
    pub(super) suspicion: Suspicion,
    pub(super) answer: Answer,
}

/// The first two call sites, and what failed.
pub(super) type Alike = (Site, Site, (i32, i32, bool));

impl Verdict {
    /// What the kernel confirmed, whether it will be reported or only counted.
    #[must_use]
    pub const fn finding(&self) -> Option<&Finding> {
        match &self.answer {
            Answer::Finding(finding) => Some(finding),
            _ => None,
        }
    }
}

impl Suspicion {
    /// Asks the kernel. Takes a while: not to be called where the program waits for it.
    #[must_use]
    pub fn confirm(mut self, now: Nanos, kernel: &mut dyn Kernel) -> Verdict {
        let answer = self.case.confirm(&self.about, now, kernel);
        Verdict { suspicion: self, answer }
    }

    pub(super) fn alike(&self) -> Option<Alike> {
        let kind = self.case.alike()?;
        let mut sites = self.about.sites.iter().map(|&(_, site)| site).filter(|site| site.0 != 0);
        let mut site = || sites.next().unwrap_or_default();
        Some((site(), site(), kind))
    }
}
