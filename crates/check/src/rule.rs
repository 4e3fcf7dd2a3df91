//! The rules by name, and what each of them says of itself. The rules are in `rules/`, one file
//! each.

use crate::rules;
use std::fmt;
use std::str::FromStr;

/// A kind of finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// Edge-triggered data left in the kernel while the program sleeps.
    EdgeNotDrained,
    /// A registration that survives its descriptor's `close` and delivers events.
    Ghost,
    /// The same registration delivered again and again, and nothing done about it.
    LevelSpin,
    /// `accept` fails for want of descriptors, and the listener is reported again and again.
    AcceptSpin,
    /// A one-shot registration that fired, and is ready, and is not armed again.
    OneshotNotRearmed,
    /// The rest of a short write that is never written.
    LostWrite,
    /// A loop's thread blocks in a call on a registered descriptor.
    BlockingFd,
    /// An `epoll_ctl` that failed, explained.
    CtlError,
    /// One epoll changed by a parent and its child.
    ForkShared,
    /// The caller's `struct epoll_event` is not the kernel's.
    LayoutMismatch,
    /// Closed after a hang-up, with bytes unread.
    HangupUnread,
    /// An epoll descriptor that is none, or is closed under its waiter.
    EpfdMisuse,
    /// Zero timeouts in a row, because a timeout was rounded down.
    SubMsSpin,
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Certainty {
    /// Worth knowing; correct programs do it too. Reported on request.
    Note,
    /// Likely a mistake; what was seen has a harmless explanation too.
    Suspected,
    /// The kernel returned an error: that it happened is beyond doubt, its weight is the reader's.
    Fact,
    /// Confirmed in the kernel.
    Certain,
}

/// What a rule says of itself: `epshim explain RULE`, and its section of docs/rules.md.
#[derive(Debug, Clone, Copy)]
pub struct Explanation {
    /// One sentence: what it finds.
    pub finds: &'static str,
    /// Why it hurts, with what users see.
    pub hurts: &'static str,
    /// What must be seen before it speaks, and how sure it is then.
    pub evidence: &'static str,
    /// When it stays silent, though it looks alike.
    pub silent: &'static str,
    /// What to change.
    pub fix: &'static str,
    /// The shortest code that commits it, in C.
    pub wrong: &'static str,
    /// The same job done rightly.
    pub right: &'static str,
    /// The man page section that says so, for the report: `epoll(7), Q9`.
    pub manual: &'static str,
    /// Real bugs of this kind, as addresses.
    pub seen: &'static [&'static str],
}

impl Rule {
    /// All rules, in the order of their importance to a reader.
    pub const ALL: [Self; 13] = [
        Self::EdgeNotDrained,
        Self::Ghost,
        Self::LevelSpin,
        Self::AcceptSpin,
        Self::OneshotNotRearmed,
        Self::LostWrite,
        Self::BlockingFd,
        Self::CtlError,
        Self::ForkShared,
        Self::LayoutMismatch,
        Self::HangupUnread,
        Self::EpfdMisuse,
        Self::SubMsSpin,
    ];

    /// Its name in reports, options and suppressions.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EdgeNotDrained => "edge-not-drained",
            Self::Ghost => "ghost",
            Self::LevelSpin => "level-spin",
            Self::AcceptSpin => "accept-spin",
            Self::OneshotNotRearmed => "oneshot-not-rearmed",
            Self::LostWrite => "lost-write",
            Self::BlockingFd => "blocking-fd",
            Self::CtlError => "ctl-error",
            Self::ForkShared => "fork-shared",
            Self::LayoutMismatch => "layout-mismatch",
            Self::HangupUnread => "hangup-unread",
            Self::EpfdMisuse => "epfd-misuse",
            Self::SubMsSpin => "sub-ms-spin",
        }
    }

    /// Its page.
    #[must_use]
    pub const fn explanation(self) -> &'static Explanation {
        match self {
            Self::EdgeNotDrained => &rules::edge_not_drained::EXPLANATION,
            Self::Ghost => &rules::ghost::EXPLANATION,
            Self::LevelSpin => &rules::level_spin::EXPLANATION,
            Self::AcceptSpin => &rules::accept_spin::EXPLANATION,
            Self::OneshotNotRearmed => &rules::oneshot_not_rearmed::EXPLANATION,
            Self::LostWrite => &rules::lost_write::EXPLANATION,
            Self::BlockingFd => &rules::blocking_fd::EXPLANATION,
            Self::CtlError => &rules::ctl_error::EXPLANATION,
            Self::ForkShared => &rules::fork_shared::EXPLANATION,
            Self::LayoutMismatch => &rules::layout_mismatch::EXPLANATION,
            Self::HangupUnread => &rules::hangup_unread::EXPLANATION,
            Self::EpfdMisuse => &rules::epfd_misuse::EXPLANATION,
            Self::SubMsSpin => &rules::sub_ms_spin::EXPLANATION,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// No rule has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownRule;

impl FromStr for Rule {
    type Err = UnknownRule;

    fn from_str(name: &str) -> Result<Self, UnknownRule> {
        Self::ALL.into_iter().find(|rule| rule.name() == name).ok_or(UnknownRule)
    }
}

impl Certainty {
    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Suspected => "suspected",
            Self::Fact => "fact",
            Self::Certain => "certain",
        }
    }
}

impl fmt::Display for Certainty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
