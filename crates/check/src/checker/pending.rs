//! Suspicions on their way: raised, waiting for their time, handed out to be confirmed, settled.

use super::{Checker, Ctl};
use crate::epoll::Registration;
use crate::epolls::EpollId;
use crate::finding::{Finding, Role};
use crate::ports::{Descriptors, Fd, MILLISECOND, Nanos, SECOND, Site, Tid};
use crate::rule::Rule;
use crate::rules;
use crate::suspicion::{Case, Stamp, Suspicion, Verdict};
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
    /// The registration may be suspected again.
    Release(Watched),
}

/// So many suspicions are followed at a time, and one more for each eight registrations.
const MOST: usize = 1024;
/// What goes on is asked about no more often than this.
const QUIET: Nanos = SECOND;

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
                What::Release(watched) => {
                    self.release(&watched);
                    continue;
                }
            };
            match self.standing(&mut suspicion, now, descriptors) {
                Standing::Ask => {
                    self.add_sites(&mut suspicion);
                    standing.push(*suspicion);
                }
                Standing::Void => self.release(&suspicion.watched()),
                Standing::Later(nanos) => self.put_back(suspicion, now, nanos),
            }
        }
        standing
    }

    /// Without room for it, the thread's next call or its end still raises what it failed in.
    pub(super) fn look_after_failure(&mut self, tid: Tid, at: Nanos) {
        let is_due = self.push(at, What::Failure(tid));
        if let Some(thread) = self.threads.get_mut(tid) {
            thread.is_failure_due = is_due;
        }
    }

    fn flush_failure(&mut self, tid: Tid, now: Nanos) {
        let Some(thread) = self.threads.get_mut(tid) else { return };
        thread.is_failure_due = false;
        let Some(failure) = thread.failure.take() else { return };
        let at = failure.since.saturating_add(SECOND);
        if at <= now {
            return self.raise(*failure, now);
        }
        thread.failure = Some(failure);
        self.look_after_failure(tid, at);
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
            Rule::AcceptSpin => rules::accept_spin::stands(self, suspicion, descriptors),
            Rule::EpfdMisuse => rules::epfd_misuse::stands(self, suspicion),
            Rule::Ghost => rules::ghost::stands(self, suspicion, descriptors),
            _ => Standing::Ask,
        }
    }

    /// Who registered what it is about, behind the sites that the rule names itself.
    fn add_sites(&self, suspicion: &mut Suspicion) {
        let epoll = self.epolls.get(suspicion.stamp.epoll);
        let Some(registration) = epoll.and_then(|epoll| epoll.by_fd(suspicion.fd)) else { return };
        let sites =
            [(Role::RegisteredBy, registration.added), (Role::ModifiedBy, registration.modified)];
        for (role, site) in sites {
            let is_named = suspicion.sites.iter().any(|&(named, _)| named == role);
            if !is_named && suspicion.rule != Rule::Ghost {
                suspicion.sites.push((role, site));
            }
        }
    }

    /// What came of asking the kernel. A finding is returned when it is to be reported: it is new,
    /// or surer than before; otherwise it is counted.
    ///
    /// The program went on while the kernel was asked: what does not stand any more when the answer
    /// comes may have been put together from before and after, and is no finding.
    pub fn settle(
        &mut self,
        verdict: Verdict,
        asked: Asked,
        now: Nanos,
        descriptors: &dyn Descriptors,
    ) -> Option<Finding> {
        let Asked(mut suspicion) = asked;
        if let Verdict::Finding(finding) = &verdict {
            match self.standing(&mut suspicion, now, descriptors) {
                Standing::Ask => {}
                Standing::Void => {
                    self.release(&suspicion.watched());
                    return None;
                }
                Standing::Later(nanos) => {
                    self.put_back(suspicion, now, nanos);
                    return None;
                }
            }
            if let Some((kept, after)) = self.kept(&suspicion, finding, now) {
                self.put_back(Box::new(kept), now, after);
                return None;
            }
        }
        let watched = suspicion.watched();
        let repeats = matches!(watched.rule, Rule::Ghost | Rule::LevelSpin | Rule::AcceptSpin);
        let later = now.saturating_add(QUIET);
        match (&verdict, repeats) {
            (Verdict::Again(..), _) => {}
            (_, true) if self.push(later, What::Release(watched)) => {}
            _ => self.release(&watched),
        }
        match verdict {
            Verdict::Finding(finding) => self.tally.count(finding),
            Verdict::Refuted => {
                self.refuted(&watched);
                None
            }
            Verdict::Again(mut suspicion, nanos) => {
                suspicion.tries = suspicion.tries.saturating_add(1);
                self.put_back(Box::new(suspicion), now, nanos);
                None
            }
        }
    }

    /// What is not to be said before a deadline has passed, and how long that is.
    fn kept(
        &self,
        suspicion: &Suspicion,
        finding: &Finding,
        now: Nanos,
    ) -> Option<(Suspicion, Nanos)> {
        match suspicion.rule {
            Rule::EdgeNotDrained => rules::edge_not_drained::keep(self, suspicion, finding, now),
            _ => None,
        }
    }

    /// The kernel knows better: what moved, moved unseen.
    fn refuted(&mut self, watched: &Watched) {
        let epoll = self.epolls.get_mut(watched.epoll);
        let Some(registration) = epoll.and_then(|epoll| epoll.by_fd_mut(watched.fd)) else {
            return;
        };
        if watched.rule == Rule::LevelSpin {
            registration.spin.refuted();
        }
    }

    /// What is left when the program ends: failed calls that were not made good, and what was kept
    /// until a deadline.
    pub fn finish(&mut self, now: Nanos) {
        let mut waiting = std::mem::take(&mut self.waiting).into_vec();
        for Reverse(entry) in &mut waiting {
            if let What::Suspicion(suspicion) = &mut entry.what {
                if rules::edge_not_drained::ends(suspicion) {
                    entry.at = now;
                }
            }
        }
        self.waiting = waiting.into();
        for tid in self.threads.ids() {
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

    /// Whether the rule is off, or watches the registration already.
    pub(crate) fn is_watched(&self, rule: Rule, id: EpollId, fd: Fd) -> bool {
        let registration = self.epolls.get(id).and_then(|epoll| epoll.by_fd(fd));
        self.off & rule.bit() != 0
            || registration.is_none_or(|one| one.watched_by & rule.bit() != 0)
    }

    /// Raises a suspicion about a registration of an epoll, once for each rule at a time, due after
    /// a while.
    pub(crate) fn raise_about(&mut self, mut suspicion: Suspicion, id: EpollId, after: Nanos) {
        let (fd, bit, now) = (suspicion.fd, suspicion.rule.bit(), suspicion.since);
        if self.is_watched(suspicion.rule, id, fd) {
            return;
        }
        let Some(epoll) = self.epolls.get(id) else { return };
        let Some(registration) = epoll.by_fd(fd) else { return };
        suspicion.epfd = epoll.fd;
        let calls = suspicion.stamp.calls;
        suspicion.stamp = Stamp { epoll: id, calls, ..registration.stamp() };
        if self.push(now.saturating_add(after), What::Suspicion(Box::new(suspicion))) {
            let registration = self.epolls.get_mut(id).and_then(|epoll| epoll.by_fd_mut(fd));
            if let Some(registration) = registration {
                registration.watched_by |= bit;
            }
        }
    }

    pub(crate) fn raise(&mut self, suspicion: Suspicion, now: Nanos) {
        self.put_off(suspicion, now, 0);
    }

    /// Returns whether it will be looked at.
    pub(crate) fn put_off(&mut self, suspicion: Suspicion, now: Nanos, after: Nanos) -> bool {
        self.off & suspicion.rule.bit() == 0
            && self.push(now.saturating_add(after), What::Suspicion(Box::new(suspicion)))
    }

    fn put_back(&mut self, suspicion: Box<Suspicion>, now: Nanos, after: Nanos) {
        let watched = suspicion.watched();
        if !self.push(now.saturating_add(after), What::Suspicion(suspicion)) {
            self.release(&watched);
        }
    }

    /// Returns whether there is room for it.
    pub(super) fn push(&mut self, at: Nanos, what: What) -> bool {
        if self.waiting.len() >= MOST && self.waiting.len() >= MOST + self.registrations() / 8 {
            self.dropped += 1;
            return false;
        }
        self.serial += 1;
        self.waiting.push(Reverse(Entry { at, serial: self.serial, what }));
        true
    }

    /// Its registration may be suspected again.
    fn release(&mut self, watched: &Watched) {
        let Some(epoll) = self.epolls.get_mut(watched.epoll) else { return };
        if let Some(registration) = epoll.by_fd_mut(watched.fd) {
            registration.watched_by &= !watched.rule.bit();
        }
        if watched.rule == Rule::Ghost {
            epoll.release_former(watched.fd, watched.generation);
        }
    }
}

/// How long a suspicion waits for somebody to wait.
pub(crate) const NOBODY_WAITS: Nanos = 100 * MILLISECOND;

/// A thread may be busy for long, and wait then: it is looked for less often, but not given up.
pub(crate) fn nobody_waits(suspicion: &mut Suspicion) -> Standing {
    suspicion.tries = suspicion.tries.saturating_add(1);
    Standing::Later(if suspicion.tries < 50 { NOBODY_WAITS } else { SECOND })
}

/// The suspicion that a verdict is about, as it was when the kernel was asked.
#[derive(Debug)]
pub struct Asked(Box<Suspicion>);

/// What a rule watches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Watched {
    rule: Rule,
    epoll: EpollId,
    fd: Fd,
    generation: u32,
}

impl Registration {
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp {
            epoll: EpollId::NONE,
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
        Asked(Box::new(self.clone()))
    }

    fn watched(&self) -> Watched {
        let Stamp { epoll, generation, .. } = self.stamp;
        Watched { rule: self.rule, epoll, fd: self.fd, generation }
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
