//! What epoll refused for the file that it is (EPERM): a regular file, a directory.
//!
//! A program may fall back: it reads the file without epoll, and that is right. Whether it does is not
//! known when the call fails. So the failure is kept, and judged when the descriptor is used with epoll
//! again, when it is closed, when threads have waited in vain for it, or at the end.
//!
//! Surprising: to wait in vain counts only while there is something to wait for. A log that is open for
//! writing, a file that is locked or mapped at its end: nobody waits for these.

use super::queue::What;
use super::{Checker, Ctl};
use crate::epolls::EpollId;
use crate::ports::{Descriptors, MILLISECOND, Nanos, SECOND};
use crate::suspicion::{Case, Suspicion};

/// So many are kept.
const MOST: usize = 64;
/// Waits without a delivery, together: a thread that is still in them waits for it,
const LONG: Nanos = SECOND;
/// and so does one that closes it then, or ends.
const SHORT: Nanos = 500 * MILLISECOND;
/// What was not judged by then falls back.
const PATIENCE: Nanos = 64 * SECOND;

/// A registration that was refused.
#[derive(Debug)]
pub(super) struct Refused {
    suspicion: Box<Suspicion>,
    /// The waits on its epoll since then that ended without a delivery, together.
    in_vain: Nanos,
}

/// What the program did after a file was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// It does without epoll.
    FallsBack,
    /// It tried again.
    TriesAgain,
    /// It waits for it; or has waited in vain, and closed it.
    Waits {
        /// The descriptor is still open.
        is_open: bool,
    },
}

impl Checker {
    /// An `epoll_ctl` failed for the file: it is kept, or judged if it is not the first of this file.
    pub(super) fn refused(
        &mut self,
        id: Option<EpollId>,
        mut suspicion: Suspicion,
        is_again: bool,
        now: Nanos,
        descriptors: &dyn Descriptors,
    ) {
        if is_again {
            return self.raise(suspicion, now);
        }
        if self.refused.len() == MOST {
            let oldest = self.refused.remove(0);
            self.judge(oldest, After::FallsBack, now);
        }
        let (generation, io) = descriptors.state(suspicion.fd);
        suspicion.stamp.epoll = id.unwrap_or_default();
        (suspicion.stamp.generation, suspicion.stamp.calls) = (generation, io.calls());
        self.refused.push(Refused { suspicion: Box::new(suspicion), in_vain: 0 });
        self.look_after_refused(now.saturating_add(LONG));
    }

    /// An `epoll_ctl` of this descriptor failed: a former one that was refused is no fall-back. Returns
    /// whether there was one.
    pub(super) fn tries_again(
        &mut self,
        ctl: &Ctl,
        now: Nanos,
        descriptors: &dyn Descriptors,
    ) -> bool {
        let generation = descriptors.state(ctl.fd).0;
        let is_it = |one: &Refused| {
            one.suspicion.fd == ctl.fd && one.suspicion.stamp.generation == generation
        };
        let Some(place) = self.refused.iter().position(is_it) else { return false };
        let first = self.refused.remove(place);
        self.judge(first, After::TriesAgain, now);
        true
    }

    /// A wait on an epoll has ended without a delivery.
    pub(super) fn waited_in_vain(
        &mut self,
        id: EpollId,
        since: Nanos,
        now: Nanos,
        descriptors: &dyn Descriptors,
    ) {
        for one in self.refused.iter_mut().filter(|one| one.suspicion.stamp.epoll == id) {
            if !one.suspicion.is_used_or_closed(descriptors) {
                one.in_vain += now.saturating_sub(since.max(one.suspicion.since));
            }
        }
    }

    /// Judges what can be judged by now; at the end, all.
    pub(super) fn judge_refused(
        &mut self,
        is_end: bool,
        now: Nanos,
        descriptors: &dyn Descriptors,
    ) {
        self.looks_after_refused = false;
        let mut left = Vec::new();
        for one in std::mem::take(&mut self.refused) {
            match self.after(&one, is_end, now, descriptors) {
                Some(after) => self.judge(one, after, now),
                None => left.push(one),
            }
        }
        self.refused = left;
        // The older, the less often.
        let next = |one: &Refused| now.saturating_sub(one.suspicion.since).max(LONG);
        if let Some(after) = self.refused.iter().map(next).min() {
            self.look_after_refused(now.saturating_add(after));
        }
    }

    /// What the program did since, if that is known by now.
    fn after(
        &self,
        one: &Refused,
        is_end: bool,
        now: Nanos,
        descriptors: &dyn Descriptors,
    ) -> Option<After> {
        let (suspicion, id) = (&one.suspicion, one.suspicion.stamp.epoll);
        let (generation, io) = descriptors.state(suspicion.fd);
        if io.calls() != suspicion.stamp.calls {
            return Some(After::FallsBack);
        }
        let is_closed = generation != suspicion.stamp.generation;
        let waits = self.threads.waits().filter(|(_, _, wait)| wait.epoll == id && !is_closed);
        let longest = waits.map(|(.., wait)| now.saturating_sub(wait.since.max(suspicion.since)));
        let in_vain = one.in_vain + longest.max().unwrap_or(0);
        let is_over = is_end || is_closed;
        if in_vain >= if is_over { SHORT } else { LONG } {
            return Some(After::Waits { is_open: !is_closed });
        }
        let is_old = now.saturating_sub(suspicion.since) >= PATIENCE;
        (is_over || is_old).then_some(After::FallsBack)
    }

    fn judge(&mut self, one: Refused, after: After, now: Nanos) {
        let mut suspicion = *one.suspicion;
        if let Case::Ctl(failure) = &mut suspicion.case {
            failure.after = after;
        }
        self.raise(suspicion, now);
    }

    fn look_after_refused(&mut self, at: Nanos) {
        if !std::mem::replace(&mut self.looks_after_refused, true) {
            self.waiting.put(at, What::Refused);
        }
    }
}

impl Suspicion {
    /// Whether the program did something with the descriptor since.
    fn is_used_or_closed(&self, descriptors: &dyn Descriptors) -> bool {
        let (generation, io) = descriptors.state(self.fd);
        (generation, io.calls()) != (self.stamp.generation, self.stamp.calls)
    }
}
