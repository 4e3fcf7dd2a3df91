//! Faults of accept, connect and `epoll_ctl`, and what their results say of descriptors.

use crate::books::slots::{Table, slot};
use crate::chaos::books::{At, Books};
use crate::chaos::known::{Known, Registration};
use crate::chaos::stream::Fate;
use crate::chaos::{edges, situation, writing};
use epshim_observe::fault::{Fault, Faults, Name, Planned, Situation, Subject};
use epshim_observe::{ADD, DEL, Descriptors as _, Kind};
use std::ffi::c_int;

/// The faults of accept, and what is told; of [`Fault::AcceptExhausted`] one of [`EXHAUSTED`].
const OF_ACCEPTS: [(Fault, c_int); 4] = [
    (Fault::AcceptAborted, libc::ECONNABORTED),
    (Fault::AcceptAgain, libc::EAGAIN),
    (Fault::AcceptLost, libc::EPROTO),
    (Fault::AcceptExhausted, libc::ENFILE),
];
const EXHAUSTED: [c_int; 3] = [libc::ENFILE, libc::ENOBUFS, libc::ENOMEM];
/// The longest row of accepts that find no memory.
const ROW: u64 = 20;

/// An accept is about to be made.
pub fn accepts(books: &mut Books, at: At) -> Fate {
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
        let size = |_: &mut Books, drawn: u64| {
            if fault == Fault::AcceptExhausted { drawn % ROW } else { 0 }
        };
        let made = books.choose(&name, at, size, |books, _| situation::of_listener(books, at.fd));
        let Some(gives) = made else { continue };
        let is_row = fault == Fault::AcceptExhausted;
        let errno = if is_row { EXHAUSTED[gives as usize % EXHAUSTED.len()] } else { errno };
        if let Some(known) = books.known(at.fd) {
            known.told[0] = Some(offset);
            known.exhausted = if is_row { gives.min(ROW) } else { 0 };
        }
        if fault == Fault::AcceptAgain {
            edges::arm(books, at.fd);
        }
        books.made(Planned { name, gives }, at, errno);
        let fate = Fate { fault: Some(fault), gives, ..Fate::default() };
        let is_lost = fault == Fault::AcceptLost;
        return if is_lost { Fate { lost: errno, ..fate } } else { Fate { error: errno, ..fate } };
    }
    Fate::default()
}

/// It returned a connection. One that is lost counts too: else its name would come again.
pub fn accepted(books: &mut Books, listener: c_int, connection: c_int, is_lost: bool) {
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

/// An `EPOLL_CTL_ADD` is about to be made: whether it is to fail.
pub fn adds(books: &mut Books, at: At) -> bool {
    books.enter();
    let Some(process) = books.process() else { return false };
    books.could(at.site, Faults(Fault::AddRefused.bit()));
    let number = books.count(Subject::Registration) + 1;
    let name = Name {
        fault: Fault::AddRefused,
        process,
        subject: Subject::Registration,
        number,
        offset: 0,
    };
    let refused = books.choose(&name, at, |_, _| 0, |_, _| Situation::default());
    if refused.is_some() {
        // The same registration, tried again, is the next one.
        books.next(Subject::Registration);
        books.made(Planned { name, gives: 0 }, at, libc::ENOSPC);
    }
    refused.is_some()
}

/// An `epoll_ctl` has succeeded.
pub fn changed(books: &mut Books, op: c_int, fd: c_int, registration: Registration) {
    if op == ADD {
        books.next(Subject::Registration);
        introduce(books, fd);
    }
    let Some(known) = books.known(fd) else { return };
    let is_it = |one: &Registration| one.epfd == registration.epfd;
    if op == DEL || op == ADD {
        known.registrations.retain(|one| !is_it(one));
    }
    if op == ADD {
        known.registrations.push(registration);
    } else if op != DEL {
        for one in known.registrations.iter_mut().filter(|one| is_it(one)) {
            *one = registration;
        }
    }
}

/// A descriptor that was registered and not accepted.
fn introduce(books: &mut Books, fd: c_int) {
    books.enter();
    let is_listener = Table.kind(fd) == Kind::Listener;
    if let (true, Some(ledger)) = (is_listener, writing::ledger()) {
        ledger.listens();
    }
    if books.known(fd).is_some() {
        return;
    }
    let subject = if is_listener { Subject::Listener } else { Subject::Descriptor };
    let number = books.next(subject);
    let generation = slot(fd).map_or(0, |slot| slot.get().generation);
    books.known.insert(fd, Known::new(generation, subject, number));
}

/// A connect is about to be made.
pub fn connects(books: &mut Books, at: At) -> Fate {
    let Some(process) = books.process() else { return Fate::default() };
    books.could(at.site, Faults(Fault::ConnectAgain.bit()));
    let number = books.next(Subject::Connect);
    let name =
        Name { fault: Fault::ConnectAgain, process, subject: Subject::Connect, number, offset: 0 };
    // The one before was told of this number: the program calls again, and must succeed.
    let is_again = books.last_refused == Some((at.fd, number - 1));
    let made = books.choose(
        &name,
        at,
        |_, _| 0,
        |_, _| Situation { is_again, ..situation::of_connect(at.fd) },
    );
    if made.is_none() {
        return Fate::default();
    }
    books.last_refused = Some((at.fd, number));
    books.made(Planned { name, gives: 0 }, at, libc::EAGAIN);
    Fate { error: libc::EAGAIN, fault: Some(Fault::ConnectAgain), ..Fate::default() }
}
