//! A wait with a deadline is given until that has passed: a program that reads at its own pace leaves
//! input on purpose, and reads on when its timer runs out.
//!
//! What the kernel has confirmed is kept, and reported when the thread has had its turn behind the
//! deadline and waits again, or the descriptor is gone, with the input still not read. A timer may run
//! out in several waits, the first to a slot of a timer wheel and the next for what is left: a wait
//! that is much shorter than the one before is given its deadline too, but not for ever.

use crate::engine::{
    About, Answer, Case, Certainty, Finding, NO_WAITER, News, Share, Stamp, Standing,
};
use crate::model::{Model, Moment, Wait};
use epshim_observe::{Kernel, MILLISECOND, Nanos, SECOND, bits};

/// At most this many deadlines are waited for,
const DEADLINES: u32 = 8;
/// and for this time, since the input was left.
const PATIENCE: Nanos = 30 * SECOND;
/// A wait that is this many times shorter than the one before is for what is left of a timer.
const MUCH: i64 = 4;
/// A thread whose deadline has passed has its turn by then.
const TURN: Nanos = 50 * MILLISECOND;
/// A turn may take this many looks.
const TURNS: u32 = 100;

/// Input that is left: what will be said of it when the deadline has passed.
#[derive(Debug)]
pub(super) struct Left {
    finding: Finding,
    /// The first deadline,
    first: Nanos,
    /// the one that is waited for, how long that wait is, and how many it makes.
    deadline: Nanos,
    timeout: i64,
    deadlines: u32,
    /// The thread has had its turn.
    is_decided: bool,
    /// The program ends.
    is_end: bool,
}

/// When a wait ends by itself, if that is to come yet.
fn deadline(wait: &Wait, now: Nanos) -> Option<Nanos> {
    let timeout = u64::try_from(wait.timeout).ok().filter(|&timeout| timeout > 0)?;
    Some(wait.since.saturating_add(timeout)).filter(|&at| at > now)
}

impl Left {
    /// What is kept until this wait has run out, and how long that takes.
    pub fn until(wait: &Wait, finding: &Finding, now: Nanos) -> Option<(Self, Nanos)> {
        let (deadline, finding) = (deadline(wait, now)?, finding.clone());
        let after = deadline - now + TURN;
        let left = Self {
            finding,
            first: deadline,
            deadline,
            timeout: wait.timeout,
            deadlines: 1,
            is_decided: false,
            is_end: false,
        };
        (after <= PATIENCE).then_some((left, after))
    }

    /// The next deadline, if this wait is for what is left of a timer.
    fn rest_of_a_timer(&mut self, wait: &Wait, now: Nanos) -> Option<Nanos> {
        let next = deadline(wait, now)?;
        if self.deadlines == DEADLINES || wait.timeout > self.timeout / MUCH {
            return None;
        }
        self.deadlines += 1;
        (self.deadline, self.timeout) = (next, wait.timeout);
        Some(next)
    }

    /// Whether its deadline has passed, and its thread has had its turn.
    fn is_due(&mut self, about: &mut About, model: &Model, now: Nanos) -> Standing {
        let is_patient = now.saturating_sub(about.since) < PATIENCE && about.tries < TURNS;
        match model.waiter(about.stamp.epoll) {
            Some(wait) if wait.since >= self.deadline || !is_patient => {
                match self.rest_of_a_timer(&wait, now).filter(|_| is_patient) {
                    Some(next) => Standing::Later(next - now + TURN),
                    None => Standing::Ask,
                }
            }
            Some(wait) => {
                // The wait that was to end by then, or one that ends later.
                about.tries += 1;
                let more = deadline(&wait, now).map_or(0, |next| next - now);
                Standing::Later(more.saturating_add(TURN))
            }
            // Its turn.
            None => {
                about.tries += 1;
                Standing::Later(NO_WAITER)
            }
        }
    }
}

impl Case for Left {
    fn share(&self) -> Share {
        Share::Many
    }

    /// The program ends: that decides. Or a wait has run out, and a thread waits again: that decides too,
    /// unless the new wait is for what is left of a timer.
    fn hears(&mut self, about: &About, news: News<'_>) -> Option<Nanos> {
        let wait = match news {
            News::Ends(now) => {
                self.is_end = true;
                return Some(now);
            }
            News::WaitsAgain(wait) => wait,
        };
        if about.stamp.epoll != wait.epoll || wait.since < self.deadline {
            return None;
        }
        if let Some(next) = self.rest_of_a_timer(wait, wait.since) {
            return Some(next.saturating_add(TURN));
        }
        self.is_decided = true;
        Some(wait.since)
    }

    /// Was it read when the deadline had passed, and does the thread wait again?
    fn holds(&mut self, about: &mut About, model: &mut Model, m: &Moment<'_>) -> Standing {
        let stamp = about.stamp;
        let (generation, io) = m.descriptors.state(about.fd);
        let was_read = io.inputs() != stamp.calls;
        let Some(registration) = about.registration(model, m.descriptors) else {
            // It was deleted or closed, or its epoll was. After a close, its counts stay for a while.
            let is_it =
                generation == stamp.generation || generation == stamp.generation.wrapping_add(1);
            return if is_it && !was_read { Standing::Ask } else { Standing::Void };
        };
        let now_is = Stamp::of(stamp.epoll, registration);
        let is_new_edge = now_is.round != stamp.round;
        if was_read || is_new_edge || now_is.changes != stamp.changes {
            // It reads on without a new edge: the program keeps readiness itself.
            if let Some(epoll) = model.epolls.get_mut(stamp.epoll).filter(|_| !is_new_edge) {
                epoll.resumes |= was_read;
            }
            return Standing::Void;
        }
        if self.is_end && !self.is_decided && m.now < self.first {
            self.finding.certainty = Certainty::Note;
        }
        if self.is_decided || self.is_end {
            return Standing::Ask;
        }
        self.is_due(about, model, m.now)
    }

    /// It was confirmed before. What can still be seen of it must not say that it was read unseen.
    fn confirm(&mut self, about: &About, now: Nanos, kernel: &mut dyn Kernel) -> Answer {
        let ready = kernel.readiness(about.fd, bits::IN);
        if ready.is_some_and(|ready| ready & bits::IN == 0) {
            return Answer::Refuted;
        }
        Answer::Finding(Finding { at: now, ..self.finding.clone() })
    }
}
