//! A plain table of descriptors, for front-ends that are told what happened: a replay, a test.
//!
//! It remembers what [`Descriptors`] is asked for, and changes by observations only. Files are not its
//! business: what a descriptor is open on it knows where that was observed, and takes it for a stream
//! otherwise.
//!
//! Surprising: the state of a closed number stays until it is used again, as in the table of the
//! preload library.

use crate::bits;
use crate::calls::{Ended, FUTILE};
use crate::ctl::ADD;
use crate::descriptors::{Descriptor, Descriptors, Kind, Partner};
use crate::errno;
use crate::io::{Io, Outcome};
use crate::observation::{Observation, What};
use crate::terms::{Fd, Site, Tid};
use std::cell::RefCell;
use std::collections::HashMap;

/// A descriptor number.
#[derive(Debug, Clone, Copy, Default)]
struct Number {
    known: Descriptor,
    kind: Option<Kind>,
    may_block: bool,
    /// Its reads are told.
    tells_reads: bool,
    /// The thread that was given it with others, has not waited since, and has not used it; 0: none.
    batch: Tid,
    /// That thread has closed it.
    is_stale: bool,
    /// And nothing is known of the file that is open under the number since, if any is.
    is_gone: bool,
}

/// The descriptors of a process.
#[derive(Debug, Clone, Default)]
pub struct Table {
    numbers: RefCell<HashMap<Fd, Number>>,
    /// What each thread has read last.
    sources: HashMap<Tid, Fd>,
    /// The threads that wait for room outside of epoll.
    for_room: Vec<(Tid, Fd)>,
}

impl Table {
    /// Takes what was observed. Returns what follows from it that the model is to be told before:
    /// [`What::Unwritten`], [`What::Unconnected`], [`What::Took`], [`What::Futile`], [`What::StaleUse`].
    pub fn observe(&mut self, it: &Observation<'_>) -> Option<What<'static>> {
        let (fd, errno, is_input) = match it.what {
            What::Read { fd, ended } => (fd, ended.errno(), true),
            What::Accept { fd, accepted } => (fd, accepted.err().unwrap_or(0), true),
            What::Write { fd, ended } => (fd, ended.errno(), false),
            _ => return self.note(it),
        };
        let stale = self.used(it.tid, fd, errno, is_input);
        let is_known = !self.number(fd).is_gone;
        stale.or(is_known.then(|| self.note(it)).flatten())
    }

    fn note(&mut self, it: &Observation<'_>) -> Option<What<'static>> {
        let site = it.site;
        match it.what {
            What::Create { epfd } | What::Ctl { op: ADD, epfd, errno: 0, .. } => {
                self.change(epfd, |number| number.kind = Some(Kind::Epoll));
            }
            What::Open { fd, kind, may_block } => self.opened(fd, kind, may_block),
            What::Read { fd, ended } => {
                let outcome = ended.outcome();
                if let Outcome::Moved { bytes: 1.., .. } = outcome {
                    self.sources.insert(it.tid, fd);
                }
                self.input(fd, Io::after_input, outcome, ended.errno(), site);
                let took = matches!(outcome, Outcome::Moved { bytes: 1.., .. });
                let number = self.number(fd);
                let took = (took && number.tells_reads).then_some(What::Took { fd });
                return futile(fd, outcome, number.known.io).or(took);
            }
            What::Accept { fd, accepted } => {
                let errno = accepted.err().unwrap_or(0);
                let one = Outcome::Moved { bytes: 1, asked: 1 };
                let outcome = accepted.map_or_else(Outcome::of_errno, |_| one);
                self.input(fd, Io::after_accept, outcome, errno, site);
            }
            What::Write { fd, ended } => return self.wrote(it.tid, fd, ended, site),
            What::Touch { fd } => self.did(fd, Io::touched),
            What::Connect { fd, .. } | What::ErrorTaken { fd } => self.did(fd, Io::asked),
            What::Poll { fd, events } if events & bits::OUT != 0 => {
                self.for_room.push((it.tid, fd));
                self.did(fd, Io::waited_for_room);
            }
            What::Polled { fd, ready } => {
                let waits = self.for_room.iter().position(|&one| one == (it.tid, fd));
                if let Some(place) = waits {
                    self.for_room.swap_remove(place);
                    self.did(fd, Io::waited_for_room);
                }
                if ready & bits::IN != 0 {
                    self.did(fd, Io::polled);
                }
            }
            What::Shutdown { fd } => self.did(fd, Io::shut_down),
            What::Close { fd, .. } => self.closed(fd, it.tid, site),
            What::Dup { from, to } if from != to => {
                self.change(from, |number| number.known.duplicated = site);
                let Number { kind, may_block, .. } = self.number(from);
                self.change(to, |number| {
                    (number.kind, number.may_block) = (kind, may_block);
                    number.known.io = Io::default();
                });
            }
            What::Fork { .. } => {
                self.sources.clear();
                self.for_room.clear();
            }
            _ => {}
        }
        None
    }

    /// A file was opened under this number. Its close may not have been seen: what was known of the one before
    /// does not hold.
    fn opened(&self, fd: Fd, kind: Kind, may_block: bool) {
        self.change(fd, |number| {
            let Descriptor { generation, closed, duplicated, .. } = number.known;
            let known = Descriptor { generation, closed, duplicated, ..Descriptor::default() };
            let Number { batch, is_stale, .. } = *number;
            let kind = Some(kind);
            *number = Number { known, kind, may_block, batch, is_stale, ..Number::default() };
        });
    }

    /// Its input and output starts anew: another file is open under the number.
    pub fn begin_anew(&self, fd: Fd) {
        self.change(fd, |number| (number.known.io, number.is_gone) = (Io::default(), false));
    }

    /// The bytes that are unread may be lost if it is closed now.
    #[must_use]
    pub fn may_lose_input(&self, fd: Fd) -> bool {
        self.number(fd).known.io.may_lose_input()
    }

    fn number(&self, fd: Fd) -> Number {
        self.numbers.borrow().get(&fd).copied().unwrap_or_default()
    }

    fn change(&self, fd: Fd, change: impl FnOnce(&mut Number)) {
        change(self.numbers.borrow_mut().entry(fd).or_default());
    }

    fn did(&self, fd: Fd, did: impl FnOnce(Io) -> Io) {
        self.change(fd, |number| number.known.io = did(number.known.io));
    }

    fn input(
        &self,
        fd: Fd,
        after: impl FnOnce(Io, Outcome) -> Io,
        outcome: Outcome,
        errno: i32,
        site: Site,
    ) {
        self.change(fd, |number| {
            number.known.io = after(number.known.io, outcome);
            number.known.called(outcome, errno, site);
        });
    }

    fn wrote(&self, tid: Tid, fd: Fd, ended: Ended, site: Site) -> Option<What<'static>> {
        let (outcome, errno) = (ended.outcome(), ended.errno());
        if let (Outcome::Moved { bytes: 1.., .. }, Some(&source)) =
            (outcome, self.sources.get(&tid))
        {
            self.exchanged(source, fd);
            self.exchanged(fd, source);
        }
        let before = self.number(fd).known.io;
        let after = before.after_output(outcome);
        self.change(fd, |number| {
            number.known.io = after;
            if after.is_unwritten() {
                number.known.written = site;
            }
        });
        let is_new = after.is_unwritten() && !before.is_unwritten();
        match errno {
            errno::ENOTCONN | errno::ECONNREFUSED => Some(What::Unconnected { fd, errno }),
            _ => futile(fd, outcome, after).or(is_new.then_some(What::Unwritten { fd })),
        }
    }

    fn exchanged(&self, fd: Fd, with: Fd) {
        if fd != with {
            self.change(fd, |number| {
                let [latest, _] = number.known.partners;
                let partner = Some(Partner { fd: with, is_closed: false });
                if latest != partner {
                    number.known.partners = [partner, latest];
                }
            });
        }
    }

    /// A call on it has ended.
    fn used(&self, tid: Tid, fd: Fd, errno: i32, is_input: bool) -> Option<What<'static>> {
        let Number { batch, is_stale, .. } = self.number(fd);
        if !is_stale {
            if batch != 0 {
                self.change(fd, |number| number.batch = 0);
            }
            return None;
        }
        let is_told = errno == errno::EBADF || is_input && errno == errno::EAGAIN;
        (batch == tid && is_told).then_some(What::StaleUse { fd, errno })
    }

    fn closed(&self, fd: Fd, tid: Tid, site: Site) {
        self.change(fd, |number| {
            let Descriptor { generation, io, duplicated, .. } = number.known;
            let generation = generation.wrapping_add(1);
            let known =
                Descriptor { generation, io, closed: site, duplicated, ..Descriptor::default() };
            let batch = number.batch;
            let is_stale = batch != 0 && batch == tid;
            *number = Number { known, batch, is_stale, is_gone: is_stale, ..Number::default() };
        });
        for number in self.numbers.borrow_mut().values_mut() {
            let mut partners = number.known.partners.iter_mut().flatten();
            if let Some(partner) = partners.find(|partner| partner.fd == fd) {
                partner.is_closed = true;
            }
        }
    }
}

/// A call after which this is known was in vain, and many were made.
fn futile(fd: Fd, outcome: Outcome, io: Io) -> Option<What<'static>> {
    let is_told = outcome == Outcome::WouldBlock && io.calls() % FUTILE == 0;
    is_told.then(|| What::Futile { fd, moved: io.moved().into() })
}

impl Descriptors for Table {
    fn state(&self, fd: Fd) -> (u32, Io) {
        let known = self.number(fd).known;
        (known.generation, known.io)
    }

    fn get(&self, fd: Fd) -> Descriptor {
        self.number(fd).known
    }

    fn kind(&self, fd: Fd) -> Kind {
        self.number(fd).kind.unwrap_or(Kind::Stream)
    }

    fn may_block(&self, fd: Fd) -> bool {
        self.number(fd).may_block
    }

    fn is_room_awaited(&self, fd: Fd) -> bool {
        self.for_room.iter().any(|&(_, one)| one == fd)
    }

    fn hung_up(&self, fd: Fd) {
        self.did(fd, Io::hung_up);
    }

    fn tell_reads(&self, fd: Fd, tell: bool) {
        self.change(fd, |number| number.tells_reads = tell);
    }

    fn in_batch(&self, fd: Fd, tid: Tid) {
        self.change(fd, |number| {
            (number.batch, number.is_stale, number.is_gone) = (tid, false, false);
        });
    }
}
