//! What epoll refused for the file that it is (EPERM): a regular file, a directory.
//!
//! A program may fall back: it reads the file without epoll, and that is right. Whether it does is not
//! known when the call fails. So the failure is kept, and judged when the descriptor is used with epoll
//! again, when it is closed, when threads have waited in vain for it, or at the end.
//!
//! Surprising: to wait in vain counts only while there is something to wait for. A log that is open for
//! writing, a file that is locked or mapped at its end: no thread waits for these.

use super::failure::{After, Failure};
use crate::model::{EpollId, Model, Moment, Wait};
use epshim_observe::{Descriptors, Fd, MILLISECOND, Nanos, SECOND, Tid};

/// At most this many are kept.
const MOST: usize = 64;
/// Waits without a delivery, together: a thread that is still in them waits for it,
const LONG: Nanos = SECOND;
/// and so does one that closes it then, or ends.
const SHORT: Nanos = 500 * MILLISECOND;
/// What was not judged by then falls back.
const PATIENCE: Nanos = 64 * SECOND;

/// A registration that was refused.
#[derive(Debug)]
struct Refused {
    failure: Failure,
    tid: Tid,
    since: Nanos,
    epoll: EpollId,
    /// The descriptor's generation and calls then.
    generation: u32,
    calls: u16,
    /// The waits on its epoll since then that ended without a delivery, together.
    in_vain: Nanos,
}

/// Those that are not judged yet.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    all: Vec<Refused>,
    /// A look at them is to come.
    is_looked_at: bool,
}

impl Refusals {
    /// Keeps one. Returns the oldest, if that has to make room: it falls back.
    pub fn keep(
        &mut self,
        failure: Failure,
        epoll: EpollId,
        m: &Moment<'_>,
    ) -> Option<(Failure, Tid)> {
        let oldest = (self.all.len() == MOST).then(|| self.all.remove(0));
        let (generation, io) = m.descriptors.state(failure.fd);
        let (tid, since, calls) = (m.tid, m.now, io.calls());
        self.all.push(Refused { failure, tid, since, epoll, generation, calls, in_vain: 0 });
        oldest.map(|one| one.judged(After::FallsBack))
    }

    /// The one of this descriptor, which is not kept any more.
    pub fn of(&mut self, fd: Fd, descriptors: &dyn Descriptors) -> Option<(Failure, Tid)> {
        if self.all.is_empty() {
            return None;
        }
        let generation = descriptors.state(fd).0;
        let is_it = |one: &Refused| (one.failure.fd, one.generation) == (fd, generation);
        let place = self.all.iter().position(is_it)?;
        Some(self.all.remove(place).judged(After::TriesAgain))
    }

    /// A wait on an epoll has ended without a delivery.
    pub fn waited_in_vain(&mut self, wait: &Wait, m: &Moment<'_>) {
        for one in self.all.iter_mut().filter(|one| one.epoll == wait.epoll) {
            let (generation, io) = m.descriptors.state(one.failure.fd);
            if (generation, io.calls()) == (one.generation, one.calls) {
                one.in_vain += m.now.saturating_sub(wait.since.max(one.since));
            }
        }
    }

    /// What can be judged by now; at the end, all.
    pub fn judged(&mut self, model: &Model, m: &Moment<'_>, is_end: bool) -> Vec<(Failure, Tid)> {
        self.is_looked_at = false;
        let (mut judged, mut left) = (Vec::new(), Vec::new());
        for one in std::mem::take(&mut self.all) {
            match one.after(model, m, is_end) {
                Some(after) => judged.push(one.judged(after)),
                None => left.push(one),
            }
        }
        self.all = left;
        judged
    }

    /// When they are to be looked at, unless they will be anyway. The older, the less often.
    pub fn next_look(&mut self, now: Nanos) -> Option<Nanos> {
        let after = |one: &Refused| now.saturating_sub(one.since).max(LONG);
        let after = self.all.iter().map(after).min().filter(|_| !self.is_looked_at)?;
        self.is_looked_at = true;
        Some(now.saturating_add(after))
    }
}

impl Refused {
    fn judged(mut self, after: After) -> (Failure, Tid) {
        self.failure.after = after;
        (self.failure, self.tid)
    }

    /// What the program did since, if that is known by now.
    fn after(&self, model: &Model, m: &Moment<'_>, is_end: bool) -> Option<After> {
        let (generation, io) = m.descriptors.state(self.failure.fd);
        if io.calls() != self.calls {
            return Some(After::FallsBack);
        }
        let is_closed = generation != self.generation;
        let waits = model.threads.waits().filter(|(.., wait)| wait.epoll == self.epoll);
        let waits = waits.filter(|_| !is_closed);
        let longest = waits.map(|(.., wait)| m.now.saturating_sub(wait.since.max(self.since)));
        let in_vain = self.in_vain + longest.max().unwrap_or(0);
        let is_over = is_end || is_closed;
        if in_vain >= if is_over { SHORT } else { LONG } {
            return Some(After::Waits { is_open: !is_closed });
        }
        let is_old = m.now.saturating_sub(self.since) >= PATIENCE;
        (is_over || is_old).then_some(After::FallsBack)
    }
}
