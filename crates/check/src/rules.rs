//! The rules: one file each, and one line here.
//!
//! The file has the rule's record (`RECORD`): its name, its page, how sure it can be, what it listens to. What
//! it keeps and what it remembers of a suspicion are types of its own, which no other file names.

use crate::engine::{Advice, Certainty, Explanation, Finding, Record, Rule};
use std::fmt;
use std::str::FromStr;

macro_rules! list {
    ($($(#[cfg($only:meta)])? #[rule($name:ident)] mod $file:ident;)*) => {
        $($(#[cfg($only)])? mod $file;)*

        #[derive(Clone, Copy)]
        enum Place {
            $($(#[cfg($only)])? $name,)*
            End,
        }

        static RECORDS: [&Record; Place::End as usize] =
            [$($(#[cfg($only)])? &$file::RECORD,)*];

        #[allow(non_upper_case_globals, reason = "they are used as the variants of an enum are")]
        impl Rule {
            $(
                $(#[cfg($only)])?
                #[doc = concat!("The rule of `rules/", stringify!($file), ".rs`.")]
                pub const $name: Self = Self(Place::$name as u8);
            )*
        }
    };
}

// In the order of their importance to a reader.
list! {
    #[rule(EdgeNotDrained)] mod edge_not_drained;
    #[rule(Ghost)] mod ghost;
    #[rule(LevelSpin)] mod level_spin;
    #[rule(AcceptSpin)] mod accept_spin;
    #[rule(OneshotNotRearmed)] mod oneshot_not_rearmed;
    #[rule(LostWrite)] mod lost_write;
    #[rule(ConnectUnfinished)] mod connect_unfinished;
    #[rule(BlockingFd)] mod blocking_fd;
    #[rule(CtlError)] mod ctl_error;
    #[rule(ForkShared)] mod fork_shared;
    #[rule(LayoutMismatch)] mod layout_mismatch;
    #[rule(HangupUnread)] mod hangup_unread;
    #[rule(SharedLevel)] mod shared_level;
    #[rule(StaleEvent)] mod stale_event;
    #[rule(FdInherited)] mod fd_inherited;
    #[rule(EndNotAsked)] mod end_not_asked;
    #[rule(EpfdMisuse)] mod epfd_misuse;
    #[rule(SubMsSpin)] mod sub_ms_spin;
    #[rule(BadTimeout)] mod bad_timeout;
    #[rule(BusyWait)] mod busy_wait;
    #[rule(EpollLeak)] mod epoll_leak;
    #[rule(EmptyDatagram)] mod empty_datagram;
    #[rule(SignalfdDeaf)] mod signalfd_deaf;
    #[rule(Sigpipe)] mod sigpipe;
    #[rule(Herd)] mod herd;
    #[rule(LoopStall)] mod loop_stall;
    #[cfg(test)] #[rule(Added)] mod added;
}

const _: () = assert!(RECORDS.len() <= Rule::MOST);

impl Rule {
    /// Those that are no rules to a program whose runtime keeps the readiness of descriptors itself, as Go's does: it leaves
    /// edges in the kernel rightly.
    pub const OF_EDGES: [Self; 1] = [Self::EdgeNotDrained];

    /// All rules, in the order of their importance to a reader.
    pub const ALL: [Self; RECORDS.len()] = {
        let mut all = [Self(0); RECORDS.len()];
        let mut place = 0;
        while place < all.len() {
            all[place] = Self(place as u8);
            place += 1;
        }
        all
    };

    pub(crate) fn record(self) -> &'static Record {
        RECORDS[usize::from(self.0)]
    }

    /// Its name in reports, options and suppressions.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.record().name
    }

    /// Its page.
    #[must_use]
    pub fn explanation(self) -> &'static Explanation {
        &self.record().page
    }

    /// How sure its findings can be, the surest first.
    #[must_use]
    pub fn certainties(self) -> &'static [Certainty] {
        self.record().emits
    }
}

impl Finding {
    /// What to do, and where the manual says so.
    #[must_use]
    pub fn advice(&self) -> Advice {
        let &Explanation { fix, manual, .. } = self.rule.explanation();
        self.advice.unwrap_or(Advice { fix, manual })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for Rule {
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
