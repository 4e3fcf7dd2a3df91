//! Faults of calls that move bytes: a count that is short, EAGAIN, EINTR, and another end that is gone.

use crate::chaos::books::{At, Books};
use crate::chaos::fate::Fate;
use crate::chaos::{edges, monitor, situation};
use crate::questions::descriptor;
use crate::questions::fd::FdNumber;
use epshim_observe::fault::{Fault, Faults, Name, Planned, Situation, Subject};
use rustix::net::{Shutdown, shutdown};
use std::ffi::c_int;

/// A call, and how far its stream has come.
#[derive(Debug, Clone, Copy)]
struct Call {
    at: At,
    flags: c_int,
    is_output: bool,
    process: u32,
    subject: Subject,
    number: u32,
    offset: u64,
    /// An error was told at this byte already.
    is_again: bool,
}

/// A call that moves bytes is about to be made.
pub fn begins(books: &mut Books, at: At, flags: c_int, is_output: bool) -> Fate {
    let Some(call) = Call::new(books, at, flags, is_output) else { return Fate::default() };
    books.could(at.site, faults(is_output));
    None.or_else(|| call.vanishes(books))
        .or_else(|| call.is_interrupted(books))
        .or_else(|| call.fails(books))
        .or_else(|| call.is_cut(books))
        .unwrap_or_default()
}

fn faults(is_output: bool) -> Faults {
    let all = if is_output {
        &[Fault::ShortWrite, Fault::WriteAgain, Fault::WriteInterrupted][..]
    } else {
        &[Fault::ShortRead, Fault::ReadAgain, Fault::ReadInterrupted, Fault::PeerVanished]
    };
    all.iter().copied().collect()
}

impl Call {
    fn new(books: &mut Books, at: At, flags: c_int, is_output: bool) -> Option<Self> {
        let process = books.process()?;
        let direction = usize::from(is_output);
        let known = books.known(at.fd)?;
        let (subject, number, offset) = (known.subject, known.number, known.moved[direction]);
        let is_again = known.told[direction] == Some(offset);
        Some(Self { at, flags, is_output, process, subject, number, offset, is_again })
    }

    fn name(&self, fault: Fault) -> Name {
        let Self { process, subject, number, offset, .. } = *self;
        Name { fault, process, subject, number, offset }
    }

    fn situation(&self, books: &mut Books) -> Situation {
        let Self { at, flags, is_output, is_again, .. } = *self;
        Situation { is_again, ..situation::of_bytes(books, at.fd, flags, is_output) }
    }

    /// The other end is gone, before the call is made as it is.
    fn vanishes(&self, books: &mut Books) -> Option<Fate> {
        if self.is_output || self.offset == 0 {
            return None;
        }
        let name = self.name(Fault::PeerVanished);
        books.choose(&name, self.at, |_, _| 0, |books, _| self.situation(books))?;
        if let Some(fd) = FdNumber::new(self.at.fd) {
            let _ = shutdown(fd, Shutdown::Both);
        }
        books.made(Planned { name, gives: 0 }, self.at, 0);
        Some(Fate { fault: Some(Fault::PeerVanished), ..Fate::default() })
    }

    /// A signal interrupts it, where it would block.
    fn is_interrupted(&self, books: &mut Books) -> Option<Fate> {
        let fault = if self.is_output { Fault::WriteInterrupted } else { Fault::ReadInterrupted };
        let name = self.name(fault);
        let mut signal = None;
        let situation = |books: &mut Books, _| {
            signal = situation::interruption(self.at.fd, self.is_output);
            Situation { is_interruptible: signal.is_some(), ..self.situation(books) }
        };
        books.choose(&name, self.at, |_, _| 0, situation)?;
        monitor::interrupted(self.at.fd);
        self.tells(books, name, libc::EINTR);
        Some(Fate { error: libc::EINTR, signal: signal?, fault: Some(fault), ..Fate::default() })
    }

    /// EAGAIN is told; where the program waits for an edge it comes again.
    fn fails(&self, books: &mut Books) -> Option<Fate> {
        let fault = if self.is_output { Fault::WriteAgain } else { Fault::ReadAgain };
        let name = self.name(fault);
        books.choose(&name, self.at, |_, _| 0, |books, _| self.situation(books))?;
        if !self.is_output {
            monitor::told_again(books, self.at.fd);
        }
        edges::arm(books, self.at.fd);
        self.tells(books, name, libc::EAGAIN);
        Some(Fate { error: libc::EAGAIN, fault: Some(fault), ..Fate::default() })
    }

    fn tells(&self, books: &mut Books, name: Name, errno: c_int) {
        if let Some(known) = books.known(self.at.fd) {
            known.told[usize::from(self.is_output)] = Some(self.offset);
        }
        books.made(Planned { name, gives: 0 }, self.at, errno);
    }

    /// Fewer bytes. What is there can be cut; of a write that is all.
    fn is_cut(&self, books: &mut Books) -> Option<Fate> {
        let fault = if self.is_output { Fault::ShortWrite } else { Fault::ShortRead };
        let at = self.at;
        let there = || {
            if self.is_output {
                at.asked
            } else {
                descriptor::unread(at.fd).unwrap_or(0).min(at.asked)
            }
        };
        let situation =
            |books: &mut Books, given| Situation { asked: there(), given, ..self.situation(books) };
        let gives =
            books.choose(&self.name(fault), at, |_, drawn| size(drawn, there()), situation)?;
        Some(Fate { room: Some(gives), fault: Some(fault), gives, ..Fate::default() })
    }
}

/// A call that moved bytes has returned.
pub fn ended(books: &mut Books, at: At, is_output: bool, room: u64, got: i64, fate: Fate) {
    monitor::moved(books, at.fd, is_output, got, at.asked, room);
    let call = Call::new(books, at, 0, is_output);
    if let (Some(fault), Some(call), Ok(count)) = (fate.fault, call, u64::try_from(got))
        && matches!(fault, Fault::ShortRead | Fault::ShortWrite)
        && count == room
    {
        // The program may take the count for an end: the rest comes now.
        edges::arm(books, at.fd);
        books.made(Planned { name: call.name(fault), gives: fate.gives }, at, 0);
    }
    let moved = u64::try_from(got).unwrap_or(0);
    if let Some(known) = books.known(at.fd) {
        known.moved[usize::from(is_output)] += moved;
    }
    books.moves(moved);
}

/// One byte often, for that is what few programs were tried with; else any part.
fn size(drawn: u64, there: u64) -> u64 {
    match there {
        0 | 1 => 0,
        _ if drawn.is_multiple_of(4) => 1,
        _ => 1 + (drawn >> 8) % (there - 1),
    }
}
