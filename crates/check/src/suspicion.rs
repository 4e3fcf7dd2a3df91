//! A suspicion: what looks wrong, with all that is needed to ask the kernel about it without the
//! model at hand. It is raised by a rule, waits until it is due, is asked about, and becomes a
//! finding, or nothing.

use crate::epolls::EpollId;
use crate::finding::{Advice, Finding, Role};
use crate::ports::{Fd, Kernel, Kind, Nanos, Site, Tid};
use crate::rule::{Certainty, Rule};
use crate::rules;

/// What looks wrong.
#[derive(Debug, Clone)]
pub struct Suspicion {
    /// The rule that raised it.
    pub rule: Rule,
    /// The epoll, or -1.
    pub epfd: Fd,
    /// The descriptor, or -1.
    pub fd: Fd,
    /// The thread whose call raised it.
    pub tid: Tid,
    /// What more the rule has to remember.
    pub(crate) case: Case,
    pub(crate) sites: Vec<(Role, Site)>,
    /// When it was raised, or last put off.
    pub(crate) since: Nanos,
    /// How often it was put off.
    pub(crate) tries: u32,
    /// The state of things when it was raised: another one now, and it is void, or starts again.
    pub(crate) stamp: Stamp,
}

/// What a suspicion's standing depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Stamp {
    pub epoll: EpollId,
    pub generation: u32,
    /// The descriptor's calls, where the rule counts them; 0 otherwise.
    pub calls: u16,
    pub changes: u16,
    pub round: u32,
}

/// What a rule has to remember, where the rest does not say it.
#[derive(Debug, Clone)]
pub(crate) enum Case {
    /// `ghost`: the registration's data, and what was delivered. `is_twin`: the number may be listed
    /// twice with the same data. `seen`: the file of the ghost, as the look before found it.
    Ghost { data: u64, delivered: u32, is_twin: bool, seen: Option<(u64, u64)> },
    /// `lost-write`.
    Unwritten,
    /// `oneshot-not-rearmed`: the same, and whether the program arms when it wants more.
    Fired { interest: u32, delivered: u32, arms_late: bool },
    /// `edge-not-drained`: whether the program read some of it, and whether it holds back elsewhere.
    Edge { was_read: bool, holds_back: bool, delivered: u32, kind: Kind },
    /// `edge-not-drained`: confirmed, and kept until a deadline has passed.
    Left(Box<rules::edge_not_drained::Left>),
    /// `level-spin`: so many deliveries in so long a time; what the kernel's traffic was.
    /// Whether what would clear it can be seen.
    /// What the program's input calls came to meanwhile.
    Spin {
        delivered: u32,
        times: u32,
        nanos: Nanos,
        traffic: Option<u64>,
        is_visible: bool,
        taken: rules::level_spin::Taken,
    },
    /// `accept-spin`.
    AcceptSpin { rounds: u8, nanos: Nanos },
    /// `ctl-error`: the failed call, and what is known of the descriptor's past.
    Ctl(Box<rules::ctl_error::Failure>),
    /// `blocking-fd`: it blocks, or has blocked, for so long.
    Blocked { nanos: Nanos, is_over: bool, call: &'static str },
    /// `hangup-unread`.
    Unread { bytes: u64, delivered: u32 },
    /// `fork-shared`.
    Shared { other: i32 },
    /// `layout-mismatch`: so many descriptors.
    Layout { descriptors: u32, is_unpacked: bool },
    /// `epfd-misuse`.
    Epfd(rules::epfd_misuse::Misuse),
    /// `sub-ms-spin`: waits without a timeout, in so many runs.
    SubMs { waits: u32, runs: u32 },
}

/// What came of asking.
#[derive(Debug)]
pub enum Verdict {
    /// The kernel confirms, or does not contradict.
    Finding(Finding),
    /// It is not so.
    Refuted,
    /// Ask again after so long.
    Again(Suspicion, Nanos),
}

impl Suspicion {
    /// Asks the kernel. Takes a while: not to be called where the program waits for it.
    #[must_use]
    pub fn confirm(self, now: Nanos, kernel: &mut dyn Kernel) -> Verdict {
        match self.rule {
            Rule::EdgeNotDrained => rules::edge_not_drained::confirm(self, now, kernel),
            Rule::Ghost => rules::ghost::confirm(self, now, kernel),
            Rule::LevelSpin => rules::level_spin::confirm(self, now, kernel),
            Rule::AcceptSpin => rules::accept_spin::confirm(self, now, kernel),
            Rule::OneshotNotRearmed => rules::oneshot_not_rearmed::confirm(self, now, kernel),
            Rule::LostWrite => rules::lost_write::confirm(self, now, kernel),
            Rule::BlockingFd => rules::blocking_fd::confirm(self, now, kernel),
            Rule::CtlError => rules::ctl_error::confirm(self, now, kernel),
            Rule::ForkShared => rules::fork_shared::confirm(self, now, kernel),
            Rule::LayoutMismatch => rules::layout_mismatch::confirm(self, now, kernel),
            Rule::HangupUnread => rules::hangup_unread::confirm(self, now, kernel),
            Rule::EpfdMisuse => rules::epfd_misuse::confirm(self, now, kernel),
            Rule::SubMsSpin => rules::sub_ms_spin::confirm(self, now, kernel),
        }
    }

    /// The finding that this suspicion becomes.
    pub(crate) fn becomes(
        self,
        certainty: Certainty,
        now: Nanos,
        what: String,
        verified: impl Into<Option<String>>,
    ) -> Verdict {
        let sites = self.sites.into_iter().filter(|(_, site)| site.0 != 0).collect();
        Verdict::Finding(Finding {
            rule: self.rule,
            certainty,
            epfd: self.epfd,
            fd: self.fd,
            tid: self.tid,
            at: now,
            what,
            verified: verified.into(),
            sites,
            advice: None,
        })
    }
}

impl Verdict {
    /// With the advice for this case.
    pub(crate) fn advising(mut self, advice: Advice) -> Self {
        if let Self::Finding(finding) = &mut self {
            finding.advice = Some(advice);
        }
        self
    }
}
