//! A wait with a deadline is given until that has passed: a program that reads at its own pace leaves
//! input on purpose, and reads on when its timer runs out.
//!
//! What the kernel has confirmed is kept, and reported when the thread has had its turn behind the
//! deadline and waits again, or the descriptor is gone, with the input still not read. A timer may run
//! out in several waits, the first to a slot of a timer wheel and the next for what is left: a wait
//! that is much shorter than the one before is given its deadline too, but not for ever.

use crate::checker::{Checker, NOBODY_WAITS, Standing};
use crate::finding::Finding;
use crate::ports::{Descriptors, Kernel, MILLISECOND, Nanos, SECOND, bits};
use crate::rule::Certainty;
use crate::suspicion::{Case, Suspicion, Verdict};
use crate::thread::Wait;

/// So many deadlines are waited for,
const DEADLINES: u32 = 8;
/// and for so long at most, since the input was left.
const PATIENCE: Nanos = 30 * SECOND;
/// A wait that is this many times shorter than the one before is for what is left of a timer.
const MUCH: i64 = 4;
/// A thread whose deadline has passed has its turn by then.
const TURN: Nanos = 50 * MILLISECOND;
/// A turn may take so many looks.
const TURNS: u32 = 100;

/// Input that is left: what will be said of it when the deadline has passed.
#[derive(Debug, Clone)]
pub(crate) struct Left {
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

/// Whether a finding is to be kept until a deadline: what is kept, and for how long.
pub(crate) fn keep(
    checker: &Checker,
    suspicion: &Suspicion,
    finding: &Finding,
    now: Nanos,
) -> Option<(Suspicion, Nanos)> {
    let is_new = !matches!(suspicion.case, Case::Left(_));
    if !is_new || finding.certainty == Certainty::Note {
        return None;
    }
    let wait = checker.waiter(suspicion.stamp.epoll)?;
    let deadline = deadline(&wait, now)?;
    let after = deadline - now + TURN;
    let (finding, timeout) = (finding.clone(), wait.timeout);
    let left = Left {
        finding,
        first: deadline,
        deadline,
        timeout,
        deadlines: 1,
        is_decided: false,
        is_end: false,
    };
    let case = Case::Left(Box::new(left));
    (after <= PATIENCE).then(|| (Suspicion { case, tries: 0, ..suspicion.clone() }, after))
}

/// The program ends: what is kept is decided now. Returns whether this is such a one.
pub(crate) fn ends(suspicion: &mut Suspicion) -> bool {
    let Case::Left(left) = &mut suspicion.case else { return false };
    left.is_end = true;
    true
}

/// A wait has run out, and a thread waits again: that decides what was kept until then, unless the new
/// wait is for what is left of a timer. Returns when it is to be looked at now, if it is of that.
pub(crate) fn waits_again(suspicion: &mut Suspicion, wait: &Wait) -> Option<Nanos> {
    let is_its = suspicion.stamp.epoll == wait.epoll;
    let Case::Left(left) = &mut suspicion.case else { return None };
    if !is_its || wait.since < left.deadline {
        return None;
    }
    if let Some(next) = left.rest_of_a_timer(wait, wait.since) {
        return Some(next.saturating_add(TURN));
    }
    left.is_decided = true;
    Some(wait.since)
}

impl Left {
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
}

/// Was it read when the deadline had passed, and does the thread wait again?
pub(super) fn stands(
    checker: &mut Checker,
    suspicion: &mut Suspicion,
    now: Nanos,
    descriptors: &dyn Descriptors,
) -> Standing {
    let (fd, stamp) = (suspicion.fd, suspicion.stamp);
    let (generation, io) = descriptors.state(fd);
    let was_read = io.inputs() != stamp.calls;
    let since = suspicion.since;
    let registration = checker.registration(suspicion, descriptors).map(|one| one.stamp());
    let waiter = checker.waiter(stamp.epoll);
    let Case::Left(left) = &mut suspicion.case else { return Standing::Void };
    let Some(now_is) = registration else {
        // It was deleted or closed, or its epoll was. After a close, its counts stay for a while.
        let is_it =
            generation == stamp.generation || generation == stamp.generation.wrapping_add(1);
        return if is_it && !was_read { Standing::Ask } else { Standing::Void };
    };
    let is_new_edge = now_is.round != stamp.round;
    if was_read || is_new_edge || now_is.changes != stamp.changes {
        // It reads on without a new edge: the program keeps readiness itself.
        if let Some(epoll) = checker.epolls.get_mut(stamp.epoll).filter(|_| !is_new_edge) {
            epoll.resumes |= was_read;
        }
        return Standing::Void;
    }
    if left.is_decided {
        return Standing::Ask;
    }
    if left.is_end {
        if now < left.first {
            left.finding.certainty = Certainty::Note;
        }
        return Standing::Ask;
    }
    let is_patient = now.saturating_sub(since) < PATIENCE && suspicion.tries < TURNS;
    match waiter {
        Some(wait) if wait.since >= left.deadline || !is_patient => {
            match left.rest_of_a_timer(&wait, now).filter(|_| is_patient) {
                Some(next) => Standing::Later(next - now + TURN),
                None => Standing::Ask,
            }
        }
        Some(wait) => {
            // The wait that was to end by then, or one that ends later.
            suspicion.tries += 1;
            let more = deadline(&wait, now).map_or(0, |next| next - now);
            Standing::Later(more.saturating_add(TURN))
        }
        // Its turn.
        None => {
            suspicion.tries += 1;
            Standing::Later(NOBODY_WAITS)
        }
    }
}

/// It was confirmed before. What can still be seen of it must not say that it was read unseen.
pub(super) fn confirm(
    suspicion: &Suspicion,
    left: &Left,
    now: Nanos,
    kernel: &mut dyn Kernel,
) -> Verdict {
    let ready = kernel.readiness(suspicion.fd, bits::IN);
    if ready.is_some_and(|ready| ready & bits::IN == 0) {
        return Verdict::Refuted;
    }
    Verdict::Finding(Finding { at: now, ..left.finding.clone() })
}
