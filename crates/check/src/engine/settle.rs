//! What is due: handed out to be confirmed, and settled by the answer.

use crate::engine::about::{About, Standing};
use crate::engine::finding::Answer;
use crate::engine::finding::{Finding, Role};
use crate::engine::queue::What;
use crate::engine::raise::Engine;
use crate::engine::suspicion::{News, Suspicion, Verdict};
use crate::model::{Moment, Wait};
use epshim_observe::{Nanos, SECOND};

/// What goes on is asked about no more often than this.
const QUIET: Nanos = SECOND;

impl Engine {
    /// How many suspicions are not settled yet.
    pub fn pending(&self) -> usize {
        self.waiting.suspicions() + self.unsettled
    }

    /// When something is due next.
    pub fn next_due(&self) -> Option<Nanos> {
        self.waiting.next()
    }

    /// The suspicions that are due and still stand, to be confirmed.
    pub fn due(&mut self, m: &Moment<'_>) -> Vec<Suspicion> {
        let mut standing = Vec::new();
        while let Some(what) = self.waiting.pop(m.now) {
            let mut suspicion = match what {
                What::Suspicion(suspicion) => suspicion,
                What::Wake(rule) => {
                    rule(self, m);
                    continue;
                }
                What::Release(watched) => {
                    self.release(&watched);
                    continue;
                }
            };
            match self.standing(&mut suspicion, m) {
                Standing::Ask => {
                    self.add_sites(&mut suspicion.about);
                    standing.push(*suspicion);
                }
                Standing::Void => self.release(&suspicion.about.watched()),
                Standing::Later(nanos) => self.put_back(suspicion, m.now, nanos),
            }
        }
        standing
    }

    fn standing(&mut self, suspicion: &mut Suspicion, m: &Moment<'_>) -> Standing {
        suspicion.case.holds(&mut suspicion.about, &mut self.model, m)
    }

    /// Who registered what it is about, behind the sites that the rule names itself.
    fn add_sites(&self, about: &mut About) {
        let epoll = self.model.epolls.get(about.stamp.epoll).filter(|_| !about.is_former);
        let Some(registration) = epoll.and_then(|epoll| epoll.by_fd(about.fd)) else { return };
        let sites =
            [(Role::RegisteredBy, registration.added), (Role::ModifiedBy, registration.modified)];
        for (role, site) in sites {
            if !about.sites.iter().any(|&(named, _)| named == role) {
                about.sites.push((role, site));
            }
        }
    }

    /// What came of asking the kernel. A finding is returned when it is to be reported: it is new,
    /// or surer than before; otherwise it is counted.
    ///
    /// The program went on while the kernel was asked: what does not stand any more when the answer
    /// comes may have been put together from before and after, and is no finding.
    pub fn settle(&mut self, verdict: Verdict, m: &Moment<'_>) -> Option<Finding> {
        let Verdict { mut suspicion, answer } = verdict;
        match answer {
            Answer::Finding(finding) => self.found(suspicion, finding, m),
            Answer::Refuted => {
                self.is_over(&suspicion, m.now);
                if let Some(alike) = suspicion.alike() {
                    self.merged.remove(&alike);
                }
                suspicion.case.refuted(&mut suspicion.about, &mut self.model, m);
                None
            }
            Answer::Again(nanos) => {
                suspicion.about.tries = suspicion.about.tries.saturating_add(1);
                self.put_back(Box::new(suspicion), m.now, nanos);
                None
            }
        }
    }

    fn found(
        &mut self,
        mut suspicion: Suspicion,
        finding: Finding,
        m: &Moment<'_>,
    ) -> Option<Finding> {
        match self.standing(&mut suspicion, m) {
            Standing::Ask => {}
            Standing::Void => {
                self.release(&suspicion.about.watched());
                return None;
            }
            Standing::Later(nanos) => {
                self.put_back(Box::new(suspicion), m.now, nanos);
                return None;
            }
        }
        suspicion.case.found();
        if let Some((case, after)) =
            suspicion.case.keep(&suspicion.about, &finding, &self.model, m.now)
        {
            let about = About { tries: 0, is_kept: true, ..suspicion.about };
            self.put_back(Box::new(Suspicion { about, case }), m.now, after);
            return None;
        }
        self.is_over(&suspicion, m.now);
        let more = suspicion.alike().and_then(|alike| self.merged.remove(&alike));
        let fingerprint = finding.fingerprint();
        let new = self.tally.count(finding);
        self.tally.count_more(fingerprint, more.unwrap_or(0));
        new
    }

    /// What it was about may be suspected again, at once or after a while.
    fn is_over(&mut self, suspicion: &Suspicion, now: Nanos) {
        let watched = suspicion.about.watched();
        if suspicion.case.goes_on() {
            self.waiting.put(now.saturating_add(QUIET), What::Release(watched));
        } else {
            self.release(&watched);
        }
    }

    /// A thread waits again: what is kept hears of it, if a wait has run out.
    pub fn waits_again(&mut self, wait: &Wait) {
        if self.has_news() {
            self.has_kept = self.tell(News::WaitsAgain(wait));
        }
    }

    /// The program ends: what is kept is decided now.
    pub fn ends(&mut self, now: Nanos) {
        self.tell(News::Ends(now));
    }

    fn tell(&mut self, news: News<'_>) -> bool {
        self.waiting.reschedule(|one| one.case.hears(&one.about, news))
    }
}
