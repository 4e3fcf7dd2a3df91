//! Faults of calls that move bytes: a count that is short, EAGAIN, and another end that is gone.

use crate::chaos::books::{At, Books};
use crate::chaos::{edges, monitor, situation};
use crate::questions::descriptor;
use crate::questions::fd::FdNumber;
use epshim_observe::fault::{Fault, Faults, Name, Planned, Situation, Subject};
use rustix::net::{Shutdown, shutdown};
use std::ffi::c_int;

/// What is to become of a call.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Fate {
    /// The kernel is asked for this instead.
    pub room: Option<u64>,
    /// It is not asked, and this is told.
    pub error: c_int,
    /// What the caller does with a connection that is accepted: this is told, and it is closed.
    pub lost: c_int,
    /// The fault.
    pub fault: Option<Fault>,
    /// What it gives.
    pub gives: u64,
}

/// A call that moves bytes is about to be made.
pub fn begins(books: &mut Books, at: At, flags: c_int, is_output: bool) -> Fate {
    let (short, again) = if is_output {
        (Fault::ShortWrite, Fault::WriteAgain)
    } else {
        (Fault::ShortRead, Fault::ReadAgain)
    };
    let place = books.process().zip(place(books, at.fd, is_output));
    let Some((process, (subject, number, offset, told))) = place else {
        return Fate::default();
    };
    let vanished = (!is_output).then_some(Fault::PeerVanished);
    books.could(at.site, [short, again].into_iter().chain(vanished).collect::<Faults>());
    let name = |fault| Name { fault, process, subject, number, offset };
    if vanished.is_some() && offset > 0 {
        let name = name(Fault::PeerVanished);
        let found = books.choose(
            &name,
            at,
            |_, _| 0,
            |books, _| situation::of_bytes(books, at.fd, flags, false),
        );
        if found.is_some() {
            vanish(at.fd);
            books.made(Planned { name, gives: 0 }, at, 0);
            return Fate { fault: Some(Fault::PeerVanished), ..Fate::default() };
        }
    }
    let is_again = told == Some(offset);
    let found = books.choose(
        &name(again),
        at,
        |_, _| 0,
        |books, _| Situation { is_again, ..situation::of_bytes(books, at.fd, flags, is_output) },
    );
    if found.is_some() {
        tell(books, at.fd, offset, is_output);
        books.made(Planned { name: name(again), gives: 0 }, at, libc::EAGAIN);
        return Fate { error: libc::EAGAIN, fault: Some(again), ..Fate::default() };
    }
    // What is there can be cut; of a write that is all.
    let there = move || {
        if is_output { at.asked } else { descriptor::unread(at.fd).unwrap_or(0).min(at.asked) }
    };
    let size = |_: &mut Books, drawn: u64| size(drawn, there());
    let gives = books.choose(&name(short), at, size, |books, given| Situation {
        asked: there(),
        given,
        ..situation::of_bytes(books, at.fd, flags, is_output)
    });
    match gives {
        Some(gives) => Fate { room: Some(gives), fault: Some(short), gives, ..Fate::default() },
        None => Fate::default(),
    }
}

/// A call that moved bytes has returned.
pub fn ended(books: &mut Books, at: At, is_output: bool, room: u64, got: i64, fate: Fate) {
    monitor::moved(books, at.fd, is_output, got, at.asked, room);
    let place = books.process().zip(place(books, at.fd, is_output));
    if let (Some(fault), Some((process, (subject, number, offset, _))), Ok(count)) =
        (fate.fault, place, u64::try_from(got))
        && matches!(fault, Fault::ShortRead | Fault::ShortWrite)
        && count == room
    {
        // The program may take the count for an end: the rest comes now.
        edges::arm(books, at.fd);
        let name = Name { fault, process, subject, number, offset };
        books.made(Planned { name, gives: fate.gives }, at, 0);
    }
    let moved = u64::try_from(got).unwrap_or(0);
    if let Some(known) = books.known(at.fd) {
        known.moved[usize::from(is_output)] += moved;
    }
    books.moves(moved);
}

/// Which stream it is, how far it has come, and where EAGAIN was told last.
fn place(
    books: &mut Books,
    fd: c_int,
    is_output: bool,
) -> Option<(Subject, u32, u64, Option<u64>)> {
    let direction = usize::from(is_output);
    let known = books.known(fd)?;
    Some((known.subject, known.number, known.moved[direction], known.told[direction]))
}

/// EAGAIN is told; where the program waits for an edge it comes again.
fn tell(books: &mut Books, fd: c_int, offset: u64, is_output: bool) {
    if let Some(known) = books.known(fd) {
        known.told[usize::from(is_output)] = Some(offset);
    }
    if !is_output {
        monitor::told_again(books, fd);
    }
    edges::arm(books, fd);
}

/// One byte often, for that is what few programs were tried with; else any part.
fn size(drawn: u64, there: u64) -> u64 {
    match there {
        0 | 1 => 0,
        _ if drawn.is_multiple_of(4) => 1,
        _ => 1 + (drawn >> 8) % (there - 1),
    }
}

fn vanish(fd: c_int) {
    if let Some(fd) = FdNumber::new(fd) {
        let _ = shutdown(fd, Shutdown::Both);
    }
}
