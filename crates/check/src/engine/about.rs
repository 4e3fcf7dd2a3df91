//! What a suspicion of any rule is about: who, where, since when, and what its standing depends on.

use crate::engine::finding::{Answer, Finding, Role};
use crate::engine::rule::{Certainty, Rule};
use crate::model::{EpollId, Model, Registration};
use epshim_observe::{Ctl, Descriptors, Fd, MILLISECOND, Nanos, SECOND, Site, Tid};

/// What a suspicion is about.
#[derive(Debug, Clone)]
pub(crate) struct About {
    pub rule: Rule,
    /// The epoll, or -1.
    pub epfd: Fd,
    /// The descriptor, or -1.
    pub fd: Fd,
    /// The thread whose call raised it.
    pub tid: Tid,
    pub sites: Vec<(Role, Site)>,
    /// When it was raised, or last put off.
    pub since: Nanos,
    /// How often it was put off.
    pub tries: u32,
    /// The state of things when it was raised: another one now, and it is void, or starts again.
    pub stamp: Stamp,
    /// It is of a registration whose descriptor was closed.
    pub is_former: bool,
    /// The kernel has confirmed it, and it waits for more.
    pub is_kept: bool,
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

/// What a case says of itself when it is due.
#[derive(Debug)]
pub(crate) enum Standing {
    /// It holds: the kernel is to be asked.
    Ask,
    /// It does not hold any more.
    Void,
    /// It holds, but not yet long enough, or no thread waits just now.
    Later(Nanos),
}

/// What a suspicion watches: nothing else of the rule is about it meanwhile.
#[derive(Debug, Clone, Copy)]
pub(super) struct Watched {
    pub rule: Rule,
    pub epoll: EpollId,
    pub fd: Fd,
    pub generation: u32,
    pub is_former: bool,
}

/// How long a suspicion waits for a thread to wait.
pub(crate) const NO_WAITER: Nanos = 100 * MILLISECOND;

impl About {
    pub fn new(rule: Rule, tid: Tid, now: Nanos) -> Self {
        Self {
            rule,
            epfd: -1,
            fd: -1,
            tid,
            sites: Vec::new(),
            since: now,
            tries: 0,
            stamp: Stamp::default(),
            is_former: false,
            is_kept: false,
        }
    }

    /// A call of `epoll_ctl`.
    pub fn at(self, ctl: &Ctl, role: Role) -> Self {
        Self { epfd: ctl.epfd, fd: ctl.fd, ..self }.and([(role, ctl.site)])
    }

    /// A descriptor, and an epoll.
    pub fn on(self, fd: Fd, epfd: Fd) -> Self {
        Self { fd, epfd, ..self }
    }

    pub fn and(mut self, sites: impl IntoIterator<Item = (Role, Site)>) -> Self {
        self.sites.extend(sites);
        self
    }

    /// The registration that it is about, if neither that nor its epoll was closed since. The epoll is then
    /// named by a descriptor that is open.
    pub fn registration<'m>(
        &mut self,
        model: &'m mut Model,
        descriptors: &dyn Descriptors,
    ) -> Option<&'m mut Registration> {
        let stamp = self.stamp;
        self.epfd = model.epolls.name(stamp.epoll, descriptors)?;
        let is_same = descriptors.state(self.fd).0 == stamp.generation;
        let registration = model.epolls.get_mut(stamp.epoll)?.by_fd_mut(self.fd)?;
        (is_same && registration.generation == stamp.generation).then_some(registration)
    }

    /// A thread may be busy for long, and wait then: it is looked for less often, but not given up.
    pub fn without_waiter(&mut self) -> Standing {
        self.tries = self.tries.saturating_add(1);
        Standing::Later(if self.tries < 50 { NO_WAITER } else { SECOND })
    }

    /// The finding that it becomes.
    pub fn finding(
        &self,
        certainty: Certainty,
        now: Nanos,
        what: String,
        verified: impl Into<Option<String>>,
    ) -> Answer {
        let &Self { rule, epfd, fd, tid, .. } = self;
        let sites = self.sites.iter().copied().filter(|(_, site)| site.0 != 0).collect();
        let (verified, advice) = (verified.into(), None);
        Answer::Finding(Finding {
            rule,
            certainty,
            epfd,
            fd,
            tid,
            at: now,
            what,
            verified,
            sites,
            advice,
        })
    }

    pub(super) fn watched(&self) -> Watched {
        let &Self { rule, fd, is_former, stamp: Stamp { epoll, generation, .. }, .. } = self;
        Watched { rule, epoll, fd, generation, is_former }
    }
}

impl Stamp {
    pub fn of(epoll: EpollId, registration: &Registration) -> Self {
        let &Registration { generation, changes, delivery, .. } = registration;
        Self { epoll, generation, calls: 0, changes, round: delivery.round }
    }
}
