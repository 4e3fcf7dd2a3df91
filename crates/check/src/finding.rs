//! One diagnosis, as it is reported.

use crate::ports::{Fd, Nanos, Site, Tid};
use crate::rule::{Certainty, Rule};

/// What a call site has to do with a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The call in which it shows.
    Now,
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
}

impl Role {
    /// As it is written before the call site.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::WaitedBy => "waiting in",
            Self::RegisteredBy => "registered by",
            Self::ModifiedBy => "modified by",
            Self::ReadBy => "last read by",
            Self::WrittenBy => "last written by",
            Self::ClosedBy => "closed by",
            Self::DuplicatedBy => "duplicated by",
            Self::CreatedBy => "created by",
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
    /// What to do, and where the manual says so.
    #[must_use]
    pub const fn advice(&self) -> Advice {
        let page = self.rule.explanation();
        match self.advice {
            Some(advice) => advice,
            None => Advice { fix: page.fix, manual: page.manual },
        }
    }

    /// The rule and the first two call sites. Two findings with the same ones are the same mistake.
    #[must_use]
    pub fn fingerprint(&self) -> (Rule, Site, Site) {
        let site = |n: usize| self.sites.get(n).map_or(Site::default(), |&(_, site)| site);
        (self.rule, site(0), site(1))
    }
}
