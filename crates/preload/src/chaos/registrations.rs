//! Faults of `epoll_ctl`, and what its results say of descriptors.

use crate::books::slots::{Table, slot};
use crate::chaos::books::{At, Books};
use crate::chaos::known::{Known, Registration};
use crate::chaos::writing;
use epshim_observe::fault::{Fault, Faults, Name, Planned, Situation, Subject};
use epshim_observe::{ADD, DEL, Descriptors as _, Kind};
use std::ffi::c_int;

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
