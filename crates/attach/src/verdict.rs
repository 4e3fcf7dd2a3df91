//! A verdict: what two looks say is wrong. And the record of a rule, which says what can be.

use crate::scene::Scene;
use epshim_check::{Certainty, Explanation};

/// A rule of looks.
#[derive(Debug, Clone, Copy)]
pub struct Record {
    /// Its name: that of the rule of `epshim check`, where it is the same thing.
    pub name: &'static str,
    /// How sure it can be, the surest first.
    pub certainties: &'static [Certainty],
    /// Its page. `None`: that of the rule of `epshim check` with its name.
    pub page: Option<&'static Explanation>,
    /// What to do, in a sentence.
    pub fix: &'static str,
    /// Looks for it.
    pub judge: fn(&Scene<'_>) -> Vec<Verdict>,
}

/// One thing that is wrong, or worth knowing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The rule's name.
    pub rule: &'static str,
    /// How sure.
    pub certainty: Certainty,
    /// The epoll.
    pub epfd: Option<i32>,
    /// The descriptor.
    pub fd: Option<i32>,
    /// The threads that it is about: their stacks tell more.
    pub threads: Vec<i32>,
    /// What it is, in a sentence.
    pub what: String,
    /// What the kernel said, a line each.
    pub evidence: Vec<String>,
    /// What to do about this case, where the rule has several; else what its record says.
    pub fix: Option<&'static str>,
}

impl Verdict {
    /// A verdict without a place yet.
    #[must_use]
    pub fn new(rule: &'static str, certainty: Certainty, what: String) -> Self {
        Self {
            rule,
            certainty,
            epfd: None,
            fd: None,
            threads: Vec::new(),
            what,
            evidence: Vec::new(),
            fix: None,
        }
    }

    /// Of an epoll.
    #[must_use]
    pub fn of(mut self, epfd: i32) -> Self {
        self.epfd = Some(epfd);
        self
    }

    /// Of a descriptor.
    #[must_use]
    pub fn on(mut self, fd: i32) -> Self {
        self.fd = Some(fd);
        self
    }

    /// Of threads.
    #[must_use]
    pub fn in_threads(mut self, threads: Vec<i32>) -> Self {
        self.threads = threads;
        self
    }

    /// With what the kernel said.
    #[must_use]
    pub fn because(mut self, evidence: Vec<String>) -> Self {
        self.evidence = evidence;
        self
    }

    /// With what to do in this case.
    #[must_use]
    pub fn fixed_by(mut self, fix: &'static str) -> Self {
        self.fix = Some(fix);
        self
    }

    /// Whether it says that something is wrong: a note does not.
    #[must_use]
    pub fn is_finding(&self) -> bool {
        self.certainty != Certainty::Note
    }
}
