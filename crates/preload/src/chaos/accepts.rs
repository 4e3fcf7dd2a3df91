//! Faults of accept.

use crate::books::slots::slot;
use crate::chaos::books::{At, Books};
use crate::chaos::fate::Fate;
use crate::chaos::known::Known;
use crate::chaos::{edges, limit, monitor, situation};
use epshim_observe::fault::{Fault, Faults, Name, Planned, Situation, Subject};
use std::ffi::c_int;

/// The faults of accept, and what is told; of [`Fault::AcceptExhausted`] one of [`EXHAUSTED`].
const OF_ACCEPTS: [(Fault, c_int); 6] = [
    (Fault::AcceptAborted, libc::ECONNABORTED),
    (Fault::AcceptAgain, libc::EAGAIN),
    (Fault::AcceptInterrupted, libc::EINTR),
    (Fault::AcceptLost, libc::EPROTO),
    (Fault::AcceptExhausted, libc::ENFILE),
    (Fault::DescriptorsExhausted, libc::EMFILE),
];
const EXHAUSTED: [c_int; 3] = [libc::ENFILE, libc::ENOBUFS, libc::ENOMEM];
/// The longest row of accepts that find no memory.
const ROW: u64 = 20;

/// An accept is about to be made.
pub fn begins(books: &mut Books, at: At) -> Fate {
    books.could(at.site, OF_ACCEPTS.into_iter().map(|(fault, _)| fault).collect::<Faults>());
    let Some(process) = books.process() else { return Fate::default() };
    let Some(known) = books.known(at.fd) else { return Fate::default() };
    let (subject, number, offset) = (known.subject, known.number, known.moved[0]);
    if known.exhausted > 0 {
        known.exhausted -= 1;
        return Fate { error: EXHAUSTED[0], ..Fate::default() };
    }
    // Where an error was told already the connection is to come: else none ever would.
    if known.told[0] == Some(offset) {
        return Fate::default();
    }
    for (fault, errno) in OF_ACCEPTS {
        let name = Name { fault, process, subject, number, offset };
        let (mut signal, mut room) = (None, None);
        let size = |_: &mut Books, drawn: u64| match fault {
            Fault::AcceptExhausted => drawn % ROW,
            Fault::DescriptorsExhausted => limit::SHORTEST << (drawn % limit::LENGTHS),
            _ => 0,
        };
        let situation = |books: &mut Books, _| {
            let situation = situation::of_bytes(books, at.fd, 0, false);
            match fault {
                Fault::AcceptInterrupted => {
                    signal = situation::interruption(at.fd, false);
                    Situation { is_interruptible: signal.is_some(), ..situation }
                }
                Fault::DescriptorsExhausted => {
                    room = limit::room();
                    let (asked, given) = room.unwrap_or_default();
                    Situation { asked, given, ..situation }
                }
                _ => situation,
            }
        };
        let Some(gives) = books.choose(&name, at, size, situation) else { continue };
        let is_row = fault == Fault::AcceptExhausted;
        let errno = if is_row { EXHAUSTED[gives as usize % EXHAUSTED.len()] } else { errno };
        if let Some(known) = books.known(at.fd) {
            known.told[0] = Some(offset);
            known.exhausted = if is_row { gives.min(ROW) } else { 0 };
        }
        let fate = Fate { fault: Some(fault), gives, ..Fate::default() };
        let fate = match fault {
            Fault::AcceptLost => Fate { lost: errno, ..fate },
            Fault::DescriptorsExhausted => {
                let Some((from, to)) = room else { continue };
                if !limit::lower(from, to) {
                    continue;
                }
                fate
            }
            Fault::AcceptInterrupted => {
                monitor::interrupted(at.fd);
                Fate { error: errno, signal: signal.unwrap_or(0), ..fate }
            }
            Fault::AcceptAgain => {
                edges::arm(books, at.fd);
                Fate { error: errno, ..fate }
            }
            _ => Fate { error: errno, ..fate },
        };
        books.made(Planned { name, gives }, at, errno);
        return fate;
    }
    Fate::default()
}

/// It returned a connection. One that is lost counts too: else its name would come again.
pub fn ended(books: &mut Books, listener: c_int, connection: c_int, is_lost: bool) {
    if let Some(known) = books.known(listener) {
        known.moved[0] += 1;
    }
    books.moves(1);
    if is_lost {
        return;
    }
    let number = books.next(Subject::Connection);
    let generation = slot(connection).map_or(0, |slot| slot.get().generation);
    books.known.insert(connection, Known::new(generation, Subject::Connection, number));
}
