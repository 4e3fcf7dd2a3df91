//! One process of a trace: its model, and what the model asks.
//!
//! Owns when the model is asked what is due. Where the trace was written by hand that is when it is due; in a
//! recording it is when the observer looked, and what came of it is settled when the observer had
//! asked all that it wanted to know.

use super::derived::TraceKernel;
use super::recorded::Recorded;
use crate::checker::Checker;
use crate::engine::{Finding, Suspicion};
use epshim_observe::{
    AtFailure, Descriptors, Fd, Kernel, Kind, Nanos, Observation, Site, Sites, What,
};

/// A process.
#[derive(Debug, Default)]
pub(super) struct Process {
    checker: Checker,
    world: World,
    now: Nanos,
    /// The suspicions that the observer is asking about.
    asking: Vec<Suspicion>,
    /// When it began to.
    looked: Nanos,
    /// What its epolls and registrations have come to, if it forks.
    history: Vec<Observation<'static>>,
    /// Where its calls were made.
    pub sites: Sites,
    /// Nanoseconds from 1970 to the recording's begin, and when that was.
    epoch: Option<(u64, Nanos)>,
}

/// The length of the history. A longer one is forgotten.
const HISTORY: usize = 1 << 18;

/// What the model asks.
#[derive(Debug)]
enum World {
    Derived(Box<TraceKernel>),
    Recorded(Box<Recorded>),
}

impl Default for World {
    fn default() -> Self {
        Self::Derived(Box::default())
    }
}

impl World {
    fn descriptors(&self) -> &dyn Descriptors {
        match self {
            Self::Derived(kernel) => &**kernel,
            Self::Recorded(recorded) => recorded.table(),
        }
    }

    fn observe(&mut self, it: &Observation<'_>) -> Option<What<'static>> {
        match self {
            Self::Derived(kernel) => kernel.observe(it),
            Self::Recorded(recorded) => recorded.observe(it),
        }
    }
}

impl Process {
    /// A process of a recording.
    pub fn recorded() -> Self {
        Self { world: World::Recorded(Box::default()), ..Self::default() }
    }

    pub const fn checker(&self) -> &Checker {
        &self.checker
    }

    /// Nanoseconds from 1970 to this time, where the recording says so.
    pub fn since_1970(&self, at: Nanos) -> Option<u64> {
        let (epoch, begin) = self.epoch?;
        Some(epoch.saturating_add(at.saturating_sub(begin)))
    }

    /// Takes an observation of this process.
    pub fn step(&mut self, it: &Observation<'_>, mut report: impl FnMut(Finding)) {
        match &self.world {
            World::Derived(_) => self.pass(it.at, &mut report),
            // Threads are recorded each for itself.
            World::Recorded(_) => self.now = self.now.max(it.at),
        }
        self.sites.observe(it);
        self.remember(it);
        match it.what {
            What::Start { epoch } => {
                *self = Self { now: it.at, epoch: Some((epoch, it.at)), ..Self::recorded() };
                self.remember(it);
            }
            What::Look => {
                self.looked = self.now;
                let descriptors = self.world.descriptors();
                self.asking.extend(self.checker.due(self.now, descriptors));
            }
            What::Looked => self.settle(&mut report),
            // What was known rests on what is not known any more.
            What::Dropped { .. } => {
                self.checker = Checker::default();
                self.asking.clear();
                if let World::Recorded(recorded) = &mut self.world {
                    recorded.answers().forget();
                }
                self.history.truncate(1);
            }
            What::Close { .. } => self.close(it),
            What::Dup { from, to } => {
                if from != to && self.is_open(to) {
                    let what = What::Close { fd: to, unread: None };
                    self.close(&Observation { what, ..it.clone() });
                }
                self.tell(it);
            }
            _ => self.tell(it),
        }
    }

    fn is_open(&self, fd: Fd) -> bool {
        match &self.world {
            World::Derived(kernel) => kernel.is_open(fd),
            // A copy over an open descriptor is recorded as its close, and the copy.
            World::Recorded(_) => false,
        }
    }

    fn close(&mut self, it: &Observation<'_>) {
        let What::Close { fd, unread } = it.what else { return };
        let (unread, is_epoll) = match &mut self.world {
            World::Derived(kernel) => (
                unread.unwrap_or_else(|| kernel.may_lose(fd)),
                kernel.is_an_epoll(fd) == Some(true),
            ),
            World::Recorded(recorded) => {
                (unread.unwrap_or(0), recorded.table().kind(fd) == Kind::Epoll)
            }
        };
        if unread > 0 {
            self.check(it, What::Close { fd, unread: Some(unread) });
        }
        // A recording says itself whether it is a socket of datagrams.
        if let World::Derived(kernel) = &self.world {
            if kernel.state(fd).1.received_nothing() && kernel.kind(fd) == Kind::Datagram {
                self.check(it, What::ClosedEmpty { fd });
            }
        }
        self.world.observe(it);
        if is_epoll {
            self.check(it, What::Close { fd, unread: None });
        }
    }

    /// Tells the model what was observed.
    fn tell(&mut self, it: &Observation<'_>) {
        let follows = self.world.observe(it);
        let mut what = it.what.clone();
        match &mut what {
            What::Ctl { at, .. } | What::WaitFailed { at, .. } => *at = self.at_failure(it),
            What::Shared { other, .. } => {
                if let World::Derived(kernel) = &mut self.world {
                    if !kernel.is_alive(*other) {
                        return;
                    }
                }
            }
            _ => {}
        }
        self.check(it, what);
        // A recording says itself when the model was told of it.
        let is_derived = matches!(self.world, World::Derived(_));
        if let Some(follows) = follows.filter(|_| is_derived) {
            self.check(it, follows);
        }
    }

    fn check(&mut self, it: &Observation<'_>, what: What<'_>) {
        let Observation { pid, tid, site, .. } = *it;
        let it = Observation { at: self.now, pid, tid, site, what };
        self.checker.observe(&it, self.world.descriptors());
    }

    /// What was the case when a call failed; derived, where the trace does not say it.
    fn at_failure(&mut self, it: &Observation<'_>) -> Option<AtFailure> {
        let (errno, at) = match it.what {
            What::Ctl { errno, at, .. } | What::WaitFailed { errno, at } => (errno, at),
            _ => return None,
        };
        let World::Derived(kernel) = &mut self.world else { return at };
        match it.what {
            _ if errno == 0 || at.is_some() => at,
            What::Ctl { epfd, fd, .. } => {
                let epfd = kernel.is_an_epoll(epfd);
                let (fd_is_open, unread) = (kernel.is_open(fd), kernel.unread(fd));
                Some(AtFailure { errno, epfd, fd_is_open, unread })
            }
            _ => {
                let waiting = kernel.waiting(it.tid);
                let epfd = waiting.map_or(Some(true), |epfd| kernel.is_an_epoll(epfd));
                Some(AtFailure { errno, epfd, fd_is_open: false, unread: None })
            }
        }
    }

    /// Lets time pass, and asks about the suspicions that are due before then.
    pub fn pass(&mut self, until: Nanos, mut report: impl FnMut(Finding)) {
        while let Some(due) = self.checker.next_due().filter(|&due| due < until) {
            self.now = self.now.max(due);
            self.looked = self.now;
            self.asking = self.checker.due(self.now, self.world.descriptors());
            self.settle(&mut report);
        }
        self.now = until;
    }

    /// Asks about all of them, and then hands in what came of it.
    fn settle(&mut self, report: &mut impl FnMut(Finding)) {
        for suspicion in std::mem::take(&mut self.asking) {
            let kernel: &mut dyn Kernel = match &mut self.world {
                World::Derived(kernel) => &mut **kernel,
                World::Recorded(recorded) => recorded.answers(),
            };
            let verdict = suspicion.confirm(self.looked, kernel);
            let descriptors = self.world.descriptors();
            if let Some(finding) = self.checker.settle(verdict, self.now, descriptors) {
                report(finding);
            }
        }
        if let World::Recorded(recorded) = &mut self.world {
            recorded.answers().forget();
        }
    }

    /// The trace ends. A recording says itself when its processes end, and what was settled then.
    pub fn finish(&mut self, now: Nanos, report: impl FnMut(Finding)) {
        if let World::Derived(_) = self.world {
            self.pass(now, |_| {});
            let it = Observation { at: now, pid: 0, tid: 0, site: Site(0), what: What::Finish };
            self.check(&it, What::Finish);
            self.pass(self.now.saturating_add(1), report);
        }
    }

    /// What its child knows: the epolls and their registrations.
    pub fn forked(&self) -> Self {
        let mut child = Self::default();
        for it in &self.history {
            child.step(it, |_| {});
        }
        child.sites = self.sites.clone();
        child
    }

    /// What a child of the process is to know, it learns from this.
    fn remember(&mut self, it: &Observation<'_>) {
        let World::Recorded(_) = self.world else { return };
        let what = match it.what {
            What::Create { epfd } => What::Create { epfd },
            What::Open { fd, kind, may_block } => What::Open { fd, kind, may_block },
            What::Ctl { op, epfd, fd, events, data, padding, errno: 0, at } => {
                What::Ctl { op, epfd, fd, events, data, padding, errno: 0, at }
            }
            What::Close { fd, .. } => What::Close { fd, unread: None },
            What::Dup { from, to } => What::Dup { from, to },
            What::Start { epoch } => What::Start { epoch },
            _ => return,
        };
        if self.history.len() < HISTORY {
            let Observation { at, pid, tid, site, .. } = *it;
            self.history.push(Observation { at, pid, tid, site, what });
        } else {
            // A history with a gap would tell the child what is not so.
            self.history.truncate(1);
        }
    }
}
