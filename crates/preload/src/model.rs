//! The one model of this process, and its lock.
//!
//! Waits and `epoll_ctl` take the lock; reads, writes and closes never do. It is held for as long
//! as the model takes to note something, never while the kernel is asked or a report is written. A
//! holder that does not give it back (a thread killed in the middle) costs the checking, not the
//! program.

use crate::questions::descriptor;
use crate::runtime::clock::now;
use crate::runtime::lock::{Locked, PATIENCE};
use crate::runtime::{failure, thread};
use crate::{attention, blocking, tell};
use attention::{Event, Note};
use epshim_check::report::Seen;
use epshim_check::world::Site;
use epshim_check::{Checker, Rule};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use crate::descriptors::Table;

static MODEL: Locked<Option<Checker>> = Locked::new(None);
/// The rules that are off: a bit for each, in the order of [`Rule::ALL`].
static OFF: AtomicU32 = AtomicU32::new(0);

/// Calls that were not recorded because the lock was not to be had.
static MISSED: AtomicU64 = AtomicU64::new(0);

/// Waits that were begun, and registrations that were made.
pub static WAITS: AtomicU64 = AtomicU64::new(0);
pub static ADDED: AtomicU64 = AtomicU64::new(0);

/// Before anything is told.
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

/// Does something with the model, unless the lock is not to be had. Takes the notes along first.
/// The lock is given back after a panic too: what is inconsistent then is not used again, for
/// checking is off.
pub fn with<R>(work: impl FnOnce(&mut Checker) -> R) -> Option<R> {
    let result = MODEL.with(PATIENCE, |model| {
        let checker = model.as_mut()?;
        if attention::is_wanted() {
            let now = now();
            attention::take(|note| pass_on(checker, now, note));
        }
        Some(work(checker))
    });
    if result.is_none() {
        missed();
    }
    result.flatten()
}

/// The lock is not to be had.
fn missed() {
    MISSED.fetch_add(1, Relaxed);
    failure::give_up("its lock was not given back");
}

fn pass_on(checker: &mut Checker, now: u64, note: Note) {
    let Note { event, fd, tid, site, amount } = note;
    match event {
        Event::Unwritten => checker.unwritten(tid, now, fd, &Table),
        Event::ClosedUnread => checker.closed_unread(tid, now, fd, amount, Site(site), &Table),
        Event::ReadBlocked => checker.blocked(tid, now, fd, "a read", amount, true, Site(site)),
        Event::AcceptBlocked => checker.blocked(tid, now, fd, "accept", amount, true, Site(site)),
        Event::WriteBlocked => checker.blocked(tid, now, fd, "a write", amount, true, Site(site)),
    }
}

/// Takes the lock, so that no other thread leaves the books half written in the child. False: it is
/// not to be had.
pub fn before_fork() -> bool {
    let is_taken = MODEL.lock().take(PATIENCE);
    if !is_taken {
        missed();
    }
    is_taken
}

/// Gives it back, in both processes.
pub fn after_fork() {
    MODEL.lock().give();
}

/// In a forked child: its other threads are not there, one of which may have held the lock (where
/// the copy was made by clone(2) or `_Fork`, which call no handlers). Not while this thread has it.
pub fn forked() {
    thread::forget_tid();
    for count in [&WAITS, &ADDED, &MISSED] {
        count.store(0, Relaxed);
    }
    blocking::forget();
    MODEL.renew(|| Some(new()));
    MODEL.with(0, |model| model.as_mut().map(Checker::forked));
}

/// How much was seen, and how much was not.
pub fn seen() -> Seen {
    let seen = counted();
    with(|checker| Seen {
        unknown_deliveries: checker.unknown_deliveries() + checker.ambiguous_deliveries(),
        dropped_calls: seen.dropped_calls + checker.dropped_suspicions(),
        ..seen.clone()
    })
    .unwrap_or(seen)
}

/// The same without the model, as far as it was counted beside it.
pub fn counted() -> Seen {
    let (dropped_calls, high_descriptors, rings) = tell::unrecorded();
    let waits = WAITS.load(Relaxed);
    Seen {
        waits,
        unheard_epolls: if waits == 0 { descriptor::epolls() } else { 0 },
        registrations: ADDED.load(Relaxed),
        rings,
        dropped_calls,
        high_descriptors,
        ..Seen::default()
    }
}

/// Calls that were not recorded.
pub fn not_recorded() -> u64 {
    MISSED.load(Relaxed)
}
