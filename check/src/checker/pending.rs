//! Suspicions on their way: raised, waiting for their time, handed out to be confirmed, settled.

use super::{Checker, Ctl};
use crate::epoll::Registration;
use crate::finding::{Finding, Role};
use crate::rule::Rule;
use crate::rules;
use crate::suspicion::{Case, Stamp, Suspicion, Verdict};
use crate::thread::Thread;
use crate::world::{Descriptors, Fd, MILLISECOND, Nanos, SECOND, Site, Tid};
use std::cmp::{Ordering, Reverse};

/// What waits for its time: a suspicion, or a thread's failed call.
#[derive(Debug)]
pub(super) struct Entry {
    at: Nanos,
    serial: u64,
    what: What,
}

#[derive(Debug)]
pub(super) enum What {
    Suspicion(Box<Suspicion>),
    Failure(Tid),
}

/// What a rule says of its suspicion when it is due.
pub(crate) enum Standing {
    /// It holds: the kernel is to be asked.
    Ask,
    /// It does not hold any more.
    Void,
    /// It holds, but not yet long enough, or nobody waits just now.
    Later(Nanos),
}

impl Checker {
    /// When something is due next.
    #[must_use]
    pub fn next_due(&self) -> Option<Nanos> {
        self.waiting.peek().map(|Reverse(entry)| entry.at)
    }

    /// The suspicions that are due and still stand, to be confirmed.
    pub fn due(&mut self, now: Nanos, descriptors: &dyn Descriptors) -> Vec<Suspicion> {
        let mut standing = Vec::new();
        while self.waiting.peek().is_some_and(|Reverse(entry)| entry.at <= now) {
            let Some(Reverse(entry)) = self.waiting.pop() else { break };
            let mut suspicion = match entry.what {
                What::Suspicion(suspicion) => suspicion,
                What::Failure(tid) => {
                    self.flush_failure(tid, now);
                    continue;
                }
            };
            match self.standing(&mut suspicion, now, descriptors) {
                Standing::Ask => standing.push(*suspicion),
                Standing::Void => self.release(&suspicion),
                Standing::Later(nanos) => self.push(now + nanos, What::Suspicion(suspicion)),
            }
        }
        standing
    }

    fn flush_failure(&mut self, tid: Tid, now: Nanos) {
        let old = |thread: &mut Thread| thread.failure.take_if(|one| one.since + SECOND <= now);
        if let Some(suspicion) = self.threads.get_mut(&tid).and_then(old) {
            self.raise(*suspicion, now);
        }
    }

    fn standing(
        &mut self,
        suspicion: &mut Suspicion,
        now: Nanos,
        descriptors: &dyn Descriptors,
    ) -> Standing {
        match suspicion.rule {
            Rule::EdgeNotDrained => {
                rules::edge_not_drained::stands(self, suspicion, now, descriptors)
            }
            Rule::OneshotNotRearmed => {
                rules::oneshot_not_rearmed::stands(self, suspicion, now, descriptors)
            }
            Rule::LostWrite => rules::lost_write::stands(self, suspicion, descriptors),
            Rule::LevelSpin => rules::level_spin::stands(self, suspicion, descriptors),
            Rule::EpfdMisuse => rules::epfd_misuse::stands(self, suspicion),
            _ => Standing::Ask,
        }
    }

    /// What came of asking the kernel. A finding is returned when it is to be reported: it is new,
    /// or surer than before; otherwise it is counted.
    pub fn settle(&mut self, verdict: Verdict, asked: &Asked, now: Nanos) -> Option<Finding> {
        if !matches!(verdict, Verdict::Again(..)) {
            self.release_asked(asked);
        }
        match verdict {
            Verdict::Finding(finding) => self.tally.count(finding),
            Verdict::Refuted => None,
            Verdict::Again(mut suspicion, nanos) => {
                suspicion.tries += 1;
                self.push(now + nanos, What::Suspicion(Box::new(suspicion)));
                None
            }
        }
    }

    /// What is left when the program ends: failed calls that nobody made good.
    pub fn finish(&mut self, now: Nanos) {
        let threads: Vec<Tid> = self.threads.keys().copied().collect();
        for tid in threads {
            self.next_call(tid, now, None);
        }
    }

    pub(crate) fn suspect(&self, rule: Rule, tid: Tid, now: Nanos, case: Case) -> Suspicion {
        Suspicion {
            rule,
            epfd: -1,
            fd: -1,
            tid,
            case,
            sites: Vec::new(),
            since: now,
            tries: 0,
            stamp: Stamp::default(),
        }
    }

    /// Raises a suspicion about a registration of an epoll, once for each rule at a time, due after
    /// a while.
    pub(crate) fn raise_about(&mut self, mut suspicion: Suspicion, place: usize, after: Nanos) {
        let epoll = &mut self.epolls[place];
        suspicion.epfd = epoll.fd;
        let bit = suspicion.rule.bit();
        let Some(registration) = epoll.by_fd_mut(suspicion.fd) else { return };
        if self.off & bit != 0 || registration.watched_by & bit != 0 {
            return;
        }
        registration.watched_by |= bit;
        suspicion.stamp = Stamp { calls: suspicion.stamp.calls, ..registration.stamp() };
        suspicion.sites.push((Role::RegisteredBy, registration.added));
        suspicion.sites.push((Role::ModifiedBy, registration.modified));
        let now = suspicion.since;
        self.put_off(suspicion, now, after);
    }

    pub(crate) fn raise(&mut self, suspicion: Suspicion, now: Nanos) {
        self.put_off(suspicion, now, 0);
    }

    pub(crate) fn put_off(&mut self, suspicion: Suspicion, now: Nanos, after: Nanos) {
        if self.off & suspicion.rule.bit() == 0 {
            self.push(now + after, What::Suspicion(Box::new(suspicion)));
        }
    }

    pub(super) fn push(&mut self, at: Nanos, what: What) {
        self.serial += 1;
        self.waiting.push(Reverse(Entry { at, serial: self.serial, what }));
    }

    /// Its registration may be suspected again.
    fn release(&mut self, suspicion: &Suspicion) {
        self.release_asked(&suspicion.asked());
    }

    fn release_asked(&mut self, asked: &Asked) {
        let place = self.by_fd.get(&asked.epfd).map(|&(place, _)| place);
        if let Some(registration) = place.and_then(|place| self.epolls[place].by_fd_mut(asked.fd)) {
            registration.watched_by &= !asked.rule.bit();
        }
    }
}

/// How long a suspicion waits for somebody to wait.
pub(crate) const NOBODY_WAITS: Nanos = 100 * MILLISECOND;

/// Which suspicion a verdict is about.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    pub(crate) rule: Rule,
    pub(crate) epfd: Fd,
    pub(crate) fd: Fd,
}

impl Registration {
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp {
            generation: self.generation,
            calls: 0,
            changes: self.changes,
            round: self.delivery.round,
        }
    }
}

impl Suspicion {
    /// What to give [`Checker::settle`] beside the verdict.
    #[must_use]
    pub fn asked(&self) -> Asked {
        Asked { rule: self.rule, epfd: self.epfd, fd: self.fd }
    }

    pub(super) fn at(self, ctl: &Ctl, role: Role) -> Self {
        Self { epfd: ctl.epfd, fd: ctl.fd, ..self }.and((role, ctl.site))
    }

    pub(crate) fn on(self, fd: Fd) -> Self {
        Self { fd, ..self }
    }

    pub(crate) fn and(mut self, site: (Role, Site)) -> Self {
        self.sites.push(site);
        self
    }

    pub(super) fn and_all(mut self, sites: impl IntoIterator<Item = (Role, Site)>) -> Self {
        self.sites.extend(sites);
        self
    }
}

impl Rule {
    pub(crate) const fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.serial) == (other.at, other.serial)
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.serial).cmp(&(other.at, other.serial))
    }
}
