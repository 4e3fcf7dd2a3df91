//! The one model of this process, and its lock.
//!
//! Waits and `epoll_ctl` take the lock; reads, writes and closes never do. A thread holds it for as
//! long as the model takes to note something, never while it asks the kernel or writes a report.
//!
//! Surprising: a holder that does not give the lock back (a thread killed in the middle) costs the
//! checking, not the program.

use crate::books::counts;
use crate::books::mailbox::{self, Message, Subject};
use crate::books::recording::tell;
use crate::books::slots::Table;
use crate::runtime::clock::now;
use crate::runtime::lock::{Locked, PATIENCE};
use crate::runtime::thread::tid;
use crate::runtime::{failure, pages, sandbox};
use epshim_check::{Checker, Rule};
use epshim_observe::{Call, Delivery, Nanos, Observation, Site, What};
use epshim_report::{NotFollowed, Seen};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static MODEL: Locked<Option<Model>> = Locked::new(None);
/// The rules that are off: a bit for each, in the order of [`Rule::ALL`].
static OFF: AtomicU32 = AtomicU32::new(0);

struct Model {
    checker: Checker,
    /// Room for what a wait has delivered.
    room: Vec<Delivery>,
}

/// The room that is kept.
const ROOM: usize = 1024;

/// Before the checking starts: a model of an empty process.
pub fn start(is_on: impl Fn(Rule) -> bool) {
    let off = Rule::ALL.into_iter().enumerate().filter(|&(_, rule)| !is_on(rule));
    OFF.store(off.fold(0, |bits, (place, _)| bits | 1 << place), Relaxed);
    MODEL.with(PATIENCE, |model| *model = Some(new()));
}

fn new() -> Model {
    let is_off = |place: usize| OFF.load(Relaxed) >> place & 1 != 0;
    let rules = Rule::ALL.into_iter().enumerate();
    let off = rules.filter(|&(place, _)| is_off(place)).map(|(_, rule)| rule);
    Model { checker: Checker::without(&off.collect::<Vec<_>>()), room: Vec::new() }
}

/// Uses the model, under its lock, after the messages of the mailbox were passed on to it. `None`:
/// the lock was not given back, and the checker gives up. A panic in `work` gives the lock back too:
/// what is inconsistent then is not used again, for checking is off.
pub fn with<R>(work: impl FnOnce(&mut Checker) -> R) -> Option<R> {
    with_room(|checker, _| work(checker))
}

fn with_room<R>(work: impl FnOnce(&mut Checker, &mut Vec<Delivery>) -> R) -> Option<R> {
    let result = MODEL.with(PATIENCE, |model| {
        // The reserve pays for the thread that had the lock when memory ran out.
        let Model { checker, room } = model.as_mut().filter(|_| !pages::is_out())?;
        if mailbox::has_messages() {
            let now = now();
            mailbox::take_all(|message| pass_on(checker, now, message));
        }
        let result = work(checker, room);
        counts::publish(checker.pending());
        Some(result)
    });
    if result.is_none() {
        not_locked();
    }
    result.flatten()
}

/// Tells the model what this thread does now. Returns when something is due next.
pub fn observe(site: Site, what: What<'_>) -> Option<Nanos> {
    with(|checker| {
        tell(checker, &observation(now(), site, what));
        checker.next_due()
    })
    .flatten()
}

/// Tells the model what this thread's wait has delivered. Returns whether there was input for a descriptor
/// that blocks.
pub fn got(deliveries: impl Iterator<Item = Delivery>) -> Option<bool> {
    with_room(|checker, room| {
        room.clear();
        room.extend(deliveries);
        let what = What::Got { deliveries: room.as_slice().into() };
        let may_block = tell(checker, &observation(now(), Site(0), what));
        room.shrink_to(ROOM);
        may_block
    })
}

/// Whether this thread, which begins a wait with this timeout, goes round and round.
pub fn goes_round(timeout: i64) -> bool {
    with(|checker| checker.goes_round(tid(), timeout)) == Some(true)
}

/// What this thread does.
pub fn observation(at: Nanos, site: Site, what: What<'_>) -> Observation<'_> {
    Observation { at, pid: 0, tid: tid(), site, what }
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

fn pass_on(checker: &mut Checker, at: Nanos, message: Message) {
    let Message { subject, fd, tid, site, amount: nanos } = message;
    let blocked = |call| What::Blocked { fd, call, nanos, is_over: true };
    let what = match subject {
        Subject::ReadBlocked => blocked(Call::Read),
        Subject::AcceptBlocked => blocked(Call::Accept),
        Subject::WriteBlocked => blocked(Call::Write),
        Subject::Unwritten => What::Unwritten { fd },
        Subject::ClosedEmpty => What::ClosedEmpty { fd },
        Subject::Took => What::Took { fd },
        Subject::Futile => What::Futile { fd, moved: message.amount as u32 },
        Subject::ClosedInheritable => What::ClosedInheritable { fd, inode: message.amount },
        Subject::StaleUse => What::StaleUse { fd, errno: message.amount as i32 },
        Subject::Unconnected => What::Unconnected { fd, errno: message.amount as i32 },
        Subject::ClosedUnread => What::Close { fd, unread: Some(message.amount) },
    };
    let it = Observation { at, pid: 0, tid, site: Site(site), what };
    match subject {
        // Recorded when the close was made, while the descriptor's state was still there.
        Subject::ClosedEmpty | Subject::ClosedUnread => checker.observe(&it, &Table),
        _ => tell(checker, &it),
    };
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
    let fork = observation(now(), Site(0), What::Fork { parent: 0 });
    MODEL.with(0, |model| model.as_mut().map(|model| model.checker.observe(&fork, &Table)));
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
