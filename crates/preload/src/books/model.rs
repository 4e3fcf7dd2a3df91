//! The one model of this process, and its lock.
//!
//! Waits and `epoll_ctl` take the lock; reads, writes and closes never do. A thread holds it for as
//! long as the model takes to note something, never while it asks the kernel or writes a report.
//!
//! Surprising: a holder that does not give the lock back (a thread killed in the middle) costs the
//! checking, not the program.

use crate::books::blocking::Call;
use crate::books::counts;
use crate::books::mailbox::{self, Message, Subject};
use crate::books::slots::Table;
use crate::runtime::clock::now;
use crate::runtime::lock::{Locked, PATIENCE};
use crate::runtime::{failure, pages, sandbox};
use epshim_check::ports::Site;
use epshim_check::report::{NotFollowed, Seen};
use epshim_check::{Checker, Rule};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static MODEL: Locked<Option<Checker>> = Locked::new(None);
/// The rules that are off: a bit for each, in the order of [`Rule::ALL`].
static OFF: AtomicU32 = AtomicU32::new(0);

/// Before the checking starts: a model of an empty process.
pub fn start(is_on: impl Fn(Rule) -> bool) {
    let off = Rule::ALL.into_iter().enumerate().filter(|&(_, rule)| !is_on(rule));
    OFF.store(off.fold(0, |bits, (place, _)| bits | 1 << place), Relaxed);
    MODEL.with(PATIENCE, |model| *model = Some(new()));
}

fn new() -> Checker {
    let is_off = |place: usize| OFF.load(Relaxed) >> place & 1 != 0;
    let rules = Rule::ALL.into_iter().enumerate();
    let off = rules.filter(|&(place, _)| is_off(place)).map(|(_, rule)| rule);
    Checker::without(&off.collect::<Vec<_>>())
}

/// Uses the model, under its lock, after the messages of the mailbox were passed on to it. `None`:
/// the lock was not given back, and the checker gives up. A panic in `work` gives the lock back too:
/// what is inconsistent then is not used again, for checking is off.
pub fn with<R>(work: impl FnOnce(&mut Checker) -> R) -> Option<R> {
    let result = MODEL.with(PATIENCE, |model| {
        // The reserve pays for the thread that had the lock when memory ran out.
        let checker = model.as_mut().filter(|_| !pages::is_out())?;
        if mailbox::has_messages() {
            let now = now();
            mailbox::take_all(|message| pass_on(checker, now, message));
        }
        let result = work(checker);
        counts::publish(checker.pending());
        Some(result)
    });
    if result.is_none() {
        not_locked();
    }
    result.flatten()
}

/// The checker has given up for want of memory: gives the model's back, unless a thread has the lock.
pub fn release() {
    drop(MODEL.with(1, Option::take));
}

/// Another thread does not give the lock back.
fn not_locked() {
    counts::NOT_LOCKED.add_one();
    // In a sandbox a thread cannot wait for a lock: that it did not get it means nothing.
    if sandbox::may(sandbox::Call::Sleep) {
        failure::give_up("its lock was not given back");
    }
}

fn pass_on(checker: &mut Checker, now: u64, message: Message) {
    let Message { subject, fd, tid, site, amount } = message;
    let site = Site(site);
    let mut blocked = |call: Call| checker.blocked(tid, now, fd, call.name(), amount, true, site);
    match subject {
        Subject::ReadBlocked => blocked(Call::Read),
        Subject::AcceptBlocked => blocked(Call::Accept),
        Subject::WriteBlocked => blocked(Call::Write),
        Subject::Unwritten => checker.unwritten(tid, now, fd, &Table),
        Subject::ClosedUnread => checker.closed_unread(tid, now, fd, amount, site, &Table),
    }
}

/// Takes the lock, so that no other thread leaves the books half written in the child. False:
/// another thread does not give it back.
pub fn before_fork() -> bool {
    let is_taken = MODEL.lock().take(PATIENCE);
    if !is_taken {
        not_locked();
    }
    is_taken
}

/// Gives the lock back, in both processes.
pub fn after_fork() {
    MODEL.lock().give();
}

/// In a forked child: the parent's other threads are not there, one of which may have held the lock
/// (where the copy was made by clone(2) or `_Fork`, which call no handlers). Not to be called while
/// this thread holds it.
pub fn forked() {
    MODEL.renew(|| Some(new()));
    MODEL.with(0, |model| model.as_mut().map(Checker::forked));
}

/// How much was seen, and how much was not.
pub fn seen() -> Seen {
    let seen = counts::seen();
    with(|checker| Seen {
        taken_unseen: checker.taken_unseen(),
        unknown_deliveries: checker.unknown_deliveries() + checker.ambiguous_deliveries(),
        not_followed: checker
            .dropped_suspicions()
            .map(|(rule, suspicions)| NotFollowed { rule, suspicions })
            .collect(),
        ..seen.clone()
    })
    .unwrap_or(seen)
}
