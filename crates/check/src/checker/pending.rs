//! Suspicions on their way: raised, waiting for their time, handed out to be confirmed, settled.

use super::queue::What;
use super::{Checker, Ctl};
use crate::epoll::{Epoll, Registration};
use crate::epolls::EpollId;
use crate::finding::{Finding, Role};
use crate::ports::{Descriptors, Fd, MILLISECOND, Nanos, SECOND, Site, Tid};
use crate::rule::Rule;
use crate::rules;
use crate::suspicion::{Case, Stamp, Suspicion, Verdict};

/// What goes on is asked about no more often than this.
const QUIET: Nanos = SECOND;

/// A failed `epoll_ctl` that no second one has made good by now was none of a known pair.
pub(crate) const RETRY: Nanos = 100 * MILLISECOND;

/// So many threads are asked after at a time.
const AT_ONCE: usize = 16;

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
    /// How many suspicions are not settled yet; failed calls that may be made good count as one.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.waiting.suspicions() + usize::from(self.has_failures)
    }

    /// When something is due next.
    #[must_use]
    pub fn next_due(&self) -> Option<Nanos> {
        self.waiting.next()
    }

    /// The suspicions that are due and still stand, to be confirmed.
    pub fn due(&mut self, now: Nanos, descriptors: &dyn Descriptors) -> Vec<Suspicion> {
        let mut standing = Vec::new();
        while let Some(what) = self.waiting.pop(now) {
            let mut suspicion = match what {
                What::Suspicion(suspicion) => suspicion,
                What::Failures => {
                    standing.extend(self.overdue_failures(now));
                    continue;
                }
                What::Refused => {
                    self.judge_refused(false, now, descriptors);
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

    /// The failed calls that no later call of their threads has made good in time, a few at a time: they are
    /// asked after. The thread keeps its failure until the answer has come: its next call may still
    /// decide.
    fn overdue_failures(&mut self, now: Nanos) -> Vec<Suspicion> {
        self.has_failures = false;
        if self.off & Rule::CtlError.bit() != 0 {
            return Vec::new();
        }
        let mut overdue = Vec::new();
        let mut next: Option<Nanos> = None;
        for tid in self.threads.ids() {
            let Some(thread) = self.threads.get_mut(tid) else { continue };
            let Some(failure) = &mut thread.failure else { continue };
            let at = failure.since.saturating_add(RETRY);
            if at > now || overdue.len() == AT_ONCE {
                let at = if at > now { at } else { now.saturating_add(RETRY) };
                next = Some(next.map_or(at, |next| next.min(at)));
            } else if failure.begins_to_wait() {
                overdue.push((**failure).clone());
            }
        }
        if let Some(at) = next {
            self.look_after_failures(at);
        }
        overdue
    }

    /// The thread whose failure is asked after still has it.
    fn has_failure(&self, suspicion: &Suspicion) -> bool {
        let failure = self.threads.get(suspicion.tid).and_then(|thread| thread.failure.as_ref());
        failure.is_some_and(|one| one.is_retry_awaited() && one.since == suspicion.since)
    }

    /// A failed call is to be looked after by then. One look is enough for all.
    pub(super) fn look_after_failures(&mut self, at: Nanos) {
        if !std::mem::replace(&mut self.has_failures, true) {
            self.waiting.put(at, What::Failures);
        }
    }

    /// Raises what a thread had failed in that is not followed any more.
    pub(super) fn raise_lost(&mut self, now: Nanos) {
        while let Some(lost) = self.threads.lost() {
            self.raise(lost, now);
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
            Rule::AcceptSpin => rules::accept_spin::stands(self, suspicion, descriptors),
            Rule::CtlError if suspicion.is_retry_awaited() && !self.has_failure(suspicion) => {
                Standing::Void
            }
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
            if let Some(thread) =
                self.threads.get_mut(suspicion.tid).filter(|_| suspicion.is_retry_awaited())
            {
                thread.failure = None;
            }
            if let Some((kept, after)) = self.kept(&suspicion, finding, now) {
                self.put_back(Box::new(kept), now, after);
                return None;
            }
        }
        let more = suspicion.alike().and_then(|alike| self.merged.remove(&alike));
        let watched = suspicion.watched();
        let repeats = matches!(watched.rule, Rule::Ghost | Rule::LevelSpin | Rule::AcceptSpin);
        let later = now.saturating_add(QUIET);
        match (&verdict, repeats) {
            (Verdict::Again(..), _) => {}
            (_, true) => self.waiting.put(later, What::Release(watched)),
            _ => self.release(&watched),
        }
        match verdict {
            Verdict::Finding(finding) => {
                let fingerprint = finding.fingerprint();
                let new = self.tally.count(finding);
                self.tally.count_more(fingerprint, more.unwrap_or(0));
                new
            }
            Verdict::Refuted => {
                // Bytes moved, and the model knows nothing of it.
                let is_moved = watched.rule == Rule::LevelSpin
                    && matches!(self.standing(&mut suspicion, now, descriptors), Standing::Ask);
                self.taken_unseen += u64::from(is_moved);
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
    pub fn finish(&mut self, now: Nanos, descriptors: &dyn Descriptors) {
        let ends = |one: &mut Suspicion| rules::edge_not_drained::ends(one).then_some(now);
        self.waiting.reschedule(ends);
        for tid in self.threads.ids() {
            self.next_call(tid, now, None);
        }
        self.judge_refused(true, now, descriptors);
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
        if self.push(now.saturating_add(after), suspicion) {
            let registration = self.epolls.get_mut(id).and_then(|epoll| epoll.by_fd_mut(fd));
            if let Some(registration) = registration {
                registration.watched_by |= bit;
            }
        }
    }

    pub(crate) fn raise(&mut self, suspicion: Suspicion, now: Nanos) {
        self.put_off(suspicion, now, 0);
    }

    /// Returns whether it will be looked at. One that is like one that waits already is counted with it.
    pub(crate) fn put_off(&mut self, suspicion: Suspicion, now: Nanos, after: Nanos) -> bool {
        if self.off & suspicion.rule.bit() != 0 {
            return false;
        }
        let Some(alike) = suspicion.alike() else {
            return self.push(now.saturating_add(after), suspicion);
        };
        if let Some(more) = self.merged.get_mut(&alike) {
            *more += 1;
            return true;
        }
        let is_in = self.push(now.saturating_add(after), suspicion);
        if is_in {
            self.merged.insert(alike, 0);
        }
        is_in
    }

    fn put_back(&mut self, suspicion: Box<Suspicion>, now: Nanos, after: Nanos) {
        self.has_kept |= matches!(suspicion.case, Case::Left(_));
        self.waiting.put(now.saturating_add(after), What::Suspicion(suspicion));
    }

    /// Returns whether there is room for it.
    fn push(&mut self, at: Nanos, suspicion: Suspicion) -> bool {
        let has_room = self.has_room(suspicion.rule);
        if has_room {
            self.waiting.put(at, What::Suspicion(Box::new(suspicion)));
        }
        has_room
    }

    fn has_room(&mut self, rule: Rule) -> bool {
        let epolls = &self.epolls;
        // Its number is registered again, or not any more.
        let is_gone = |one: &Suspicion| {
            let Stamp { epoll, generation, .. } = one.stamp;
            let registration = epolls.get(epoll).and_then(|epoll| epoll.by_fd(one.fd));
            epoll != EpollId::NONE
                && one.rule != Rule::Ghost
                && !matches!(one.case, Case::Left(_))
                && registration.is_none_or(|now| now.generation != generation)
        };
        let registrations = || epolls.iter().map(Epoll::len).sum();
        self.waiting.has_room(rule, registrations, is_gone)
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

/// The first two call sites, and what failed.
pub(super) type Alike = (Site, Site, (i32, i32, bool));

/// What a rule watches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Watched {
    pub rule: Rule,
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

    /// Facts that are alike are one finding: whether another is, this says.
    fn alike(&self) -> Option<Alike> {
        let kind = match &self.case {
            Case::Ctl(failure) if !failure.is_retry_awaited => failure.kind(),
            Case::Epfd(misuse) => misuse.kind()?,
            _ => return None,
        };
        let mut sites = self.sites.iter().map(|&(_, site)| site).filter(|site| site.0 != 0);
        let mut site = || sites.next().unwrap_or_default();
        Some((site(), site(), kind))
    }

    /// Its thread is asked after: it may not have come to the call that makes this good.
    fn is_retry_awaited(&self) -> bool {
        matches!(&self.case, Case::Ctl(failure) if failure.is_retry_awaited)
    }

    /// From now on it is; returns whether it was not before.
    fn begins_to_wait(&mut self) -> bool {
        let Case::Ctl(failure) = &mut self.case else { return false };
        !std::mem::replace(&mut failure.is_retry_awaited, true)
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
