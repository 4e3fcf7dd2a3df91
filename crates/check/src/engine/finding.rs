//! One diagnosis, as it is reported.

use crate::engine::rule::{Certainty, Rule};
use epshim_observe::{Fd, Nanos, Site, Tid};

/// What a call site has to do with a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The call in which it shows.
    Now,
    /// The same, where it is a wait, and the finding is about what that has delivered.
    NowWaiting,
    /// The wait that the thread is in.
    WaitedBy,
    /// `EPOLL_CTL_ADD`.
    RegisteredBy,
    /// The latest `EPOLL_CTL_MOD`.
    ModifiedBy,
    /// The latest read or accept.
    ReadBy,
    /// The latest write.
    WrittenBy,
    /// `close`, or what else closed it.
    ClosedBy,
    /// `dup`, `fcntl(F_DUPFD)`.
    DuplicatedBy,
    /// `epoll_create`.
    CreatedBy,
    /// `connect`.
    ConnectedBy,
    /// The user's own code that the descriptor is there for, where an event loop made the call. No rule names it.
    BelongsTo,
}

impl Role {
    /// Whether it is a wait, whose line is the loop's and not that of the mistake.
    #[must_use]
    pub const fn is_wait(self) -> bool {
        matches!(self, Self::NowWaiting | Self::WaitedBy)
    }

    /// As it is written before the call site.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Now | Self::NowWaiting => "now",
            Self::WaitedBy => "waiting in",
            Self::RegisteredBy => "registered by",
            Self::ModifiedBy => "modified by",
            Self::ReadBy => "last read by",
            Self::WrittenBy => "last written by",
            Self::ClosedBy => "closed by",
            Self::DuplicatedBy => "duplicated by",
            Self::CreatedBy => "created by",
            Self::ConnectedBy => "connected by",
            Self::BelongsTo => "belongs to",
        }
    }
}

/// What to do about one case of a rule, and where the manual says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advice {
    /// What to change.
    pub fix: &'static str,
    /// The man page's section.
    pub manual: &'static str,
}

/// A diagnosis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind.
    pub rule: Rule,
    /// How sure.
    pub certainty: Certainty,
    /// The epoll; -1: none in particular.
    pub epfd: Fd,
    /// The descriptor; -1: none in particular.
    pub fd: Fd,
    /// The thread it was seen in.
    pub tid: Tid,
    /// When it was confirmed.
    pub at: Nanos,
    /// One sentence or two: what happened, in numbers.
    pub what: String,
    /// What the kernel was asked, and said.
    pub verified: Option<String>,
    /// The call sites, the most telling first.
    pub sites: Vec<(Role, Site)>,
    /// What to do about this case, where the rule has several; `None`: what its page says.
    pub advice: Option<Advice>,
}

impl Finding {
    /// The rule and the first two call sites. Two findings with the same ones are the same mistake.
    #[must_use]
    pub fn fingerprint(&self) -> (Rule, Site, Site) {
        let site = |n: usize| self.sites.get(n).map_or(Site::default(), |&(_, site)| site);
        (self.rule, site(0), site(1))
    }
}

/// What came of asking.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The kernel confirms, or does not contradict.
    Finding(Finding),
    /// It is not so.
    Refuted,
    /// It is to be asked again after this time.
    Again(Nanos),
}

impl Answer {
    /// With the advice for this case.
    pub fn advising(mut self, advice: Advice) -> Self {
        if let Self::Finding(finding) = &mut self {
            finding.advice = Some(advice);
        }
        self
    }
}
