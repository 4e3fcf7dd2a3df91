//! Faults of waits: EINTR, fewer events, another order, a late begin, and an edge that comes twice.

use crate::chaos::books::{At, Books};
use crate::chaos::edges;
use crate::chaos::fate::Fate;
use crate::chaos::known::Registration;
use crate::chaos::{monitor, situation, writing};
use crate::questions::fd::FdNumber;
use epshim_observe::bits;
use epshim_observe::fault::{Edge, Fault, Faults, Name, Planned, Situation, Subject};
use rustix::thread::nanosleep;
use std::ffi::c_int;

/// The faults of waits.
const OF_WAITS: [Fault; 6] = [
    Fault::WaitInterrupted,
    Fault::WaitFewer,
    Fault::WaitReordered,
    Fault::WaitLate,
    Fault::EdgeRepeated,
    Fault::DeliverySpurious,
];
/// Microseconds of the shortest sleep; the longest is this, doubled seven times.
const SHORTEST: u64 = 100;

/// A wait is about to be made. Returns what is to become of it, and microseconds to sleep before, without the lock.
pub fn begins(books: &mut Books, at: At, timeout: i64) -> (Fate, u64) {
    books.enter();
    books.could(at.site, OF_WAITS.into_iter().collect::<Faults>());
    let may_sleep = timeout != 0;
    let mut fate = Fate::default();
    repeat_edge(books, at);
    let late = make(
        books,
        Fault::WaitLate,
        at,
        |drawn| SHORTEST << (drawn % 8),
        |given| Situation {
            may_sleep: may_sleep && given <= SHORTEST << 8,
            ..Situation::default()
        },
    );
    let interrupted = make(
        books,
        Fault::WaitInterrupted,
        at,
        |_| 0,
        |_| Situation { may_sleep, ..Situation::default() },
    );
    if interrupted.is_some() {
        if !may_sleep {
            monitor::violated("EINTR of a look");
        }
        fate = Fate { error: libc::EINTR, fault: Some(Fault::WaitInterrupted), ..fate };
        return (fate, late.unwrap_or(0));
    }
    let most = at.asked.saturating_sub(1).min(3);
    let size = move |drawn: u64| if most == 0 { 0 } else { 1 + drawn % most };
    fate.room = make(books, Fault::WaitFewer, at, size, |given| Situation {
        asked: at.asked,
        given,
        ..Situation::default()
    });
    (fate, late.unwrap_or(0))
}

/// Sleeps, before the kernel is asked: what arrives meanwhile is merged. A signal ends it.
pub fn sleep(microseconds: u64) {
    let nanoseconds = i64::try_from(microseconds).unwrap_or(0).min(20_000) * 1000;
    let time = rustix::time::Timespec { tv_sec: 0, tv_nsec: nanoseconds };
    let _ = nanosleep(&time);
}

/// A wait has returned, with events or an error: many in which nothing moves are a loop that spins.
pub fn returned() {
    if let Some(ledger) = writing::ledger() {
        ledger.turns();
    }
}

/// A wait has delivered these. Returns what the new order is drawn from, if there is to be one.
pub fn ended(books: &mut Books, at: At, deliveries: &[(u32, u64)]) -> Option<u64> {
    for &(events, data) in deliveries {
        monitor::delivered(books, at.fd, events, data);
    }
    let count = deliveries.len() as u64;
    let at = At { asked: count, ..at };
    make(
        books,
        Fault::WaitReordered,
        at,
        |drawn| drawn,
        |_| Situation { asked: count, ..Situation::default() },
    )
}

/// Of a wait that has delivered these, one more that is not true, if there is to be one. `put` gives it to the program,
/// or cannot.
pub fn deceives(
    books: &mut Books,
    at: At,
    deliveries: &[(u32, u64)],
    put: impl FnOnce(u32, u64) -> bool,
) -> Option<()> {
    let (process, offset) = (books.process()?, books.moved);
    let epoll = books.epoll(at.fd);
    let fault = Fault::DeliverySpurious;
    if epoll.was_at(fault, offset) {
        return None;
    }
    let name = Name { fault, process, subject: Subject::Epoll, number: epoll.number, offset };
    let delivered = deliveries.len() as u64;
    let size = |books: &mut Books, drawn: u64| {
        let silent = silent(books, at.fd, deliveries);
        let place = drawn.checked_rem(silent.len() as u64).unwrap_or(0) as usize;
        silent.get(place).map_or(0, |&(fd, _)| fd as u64)
    };
    let mut found = None;
    let situation = |books: &mut Books, given: u64| {
        let silent = silent(books, at.fd, deliveries);
        found = silent.iter().find(|&&(fd, _)| fd as u64 == given).or(silent.first()).copied();
        let Some((fd, _)) = found else { return Situation::default() };
        let bytes = situation::of_bytes(books, fd, 0, false);
        Situation { asked: at.asked, given: delivered, ..bytes }
    };
    let gives = books.choose(&name, at, size, situation)?;
    let (fd, data) = found?;
    if !put(bits::IN, data) {
        return None;
    }
    monitor::deceived(fd);
    books.epoll(at.fd).is_at(fault, offset);
    books.made(Planned { name, gives }, At { fd, ..at }, 0);
    Some(())
}

/// Registrations for input that were not delivered, and stay armed when they are.
fn silent(books: &Books, epfd: c_int, deliveries: &[(u32, u64)]) -> Vec<(c_int, u64)> {
    let is_it = |one: &&Registration| {
        one.epfd == epfd
            && one.events & bits::IN != 0
            && one.events & (bits::ONESHOT | bits::EXCLUSIVE) == 0
            && deliveries.iter().all(|&(_, data)| data != one.data)
    };
    let all = books.known.iter();
    all.filter_map(|(&fd, known)| Some((fd, known.registrations.iter().find(is_it)?.data)))
        .collect()
}

/// The places of a new order: from each the event goes to the next. A permutation of all (Fisher and Yates).
pub fn order(count: usize, drawn: u64) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).collect();
    let mut state = drawn | 1;
    for last in (1..count).rev() {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        places.swap(last, (state >> 33) as usize % (last + 1));
    }
    places
}

/// Makes a fault of this wait, once at each point of the process's progress.
fn make(
    books: &mut Books,
    fault: Fault,
    at: At,
    size: impl FnOnce(u64) -> u64,
    situation: impl FnOnce(u64) -> Situation,
) -> Option<u64> {
    let offset = books.moved;
    let process = books.process()?;
    let epoll = books.epoll(at.fd);
    let number = epoll.number;
    if epoll.was_at(fault, offset) {
        return None;
    }
    let name = Name { fault, process, subject: Subject::Epoll, number, offset };
    let gives = books.choose(&name, at, |_, drawn| size(drawn), |_, given| situation(given))?;
    books.epoll(at.fd).is_at(fault, offset);
    let errno = if fault == Fault::WaitInterrupted { libc::EINTR } else { 0 };
    books.made(Planned { name, gives }, at, errno);
    Some(gives)
}

/// An edge of the epoll is armed again, though nothing happened: the kernel delivers it if it is ready.
fn repeat_edge(books: &mut Books, at: At) {
    if !books.choice.faults().has(Fault::EdgeRepeated) {
        return;
    }
    let is_of_it = |one: &&Registration| one.epfd == at.fd && one.events & bits::ET != 0;
    let found = books
        .known
        .iter()
        .find_map(|(&fd, known)| known.registrations.iter().find(is_of_it).map(|one| (fd, *one)));
    let Some((fd, registration)) = found else { return };
    let edge = situation::edge(books, fd);
    let is_open = FdNumber::new(fd).is_some();
    let edge = if is_open { edge } else { Edge::Unknown };
    let made =
        make(books, Fault::EdgeRepeated, at, |_| 0, |_| Situation { edge, ..Situation::default() });
    if made.is_some() {
        edges::arm_one(fd, &registration);
    }
}
