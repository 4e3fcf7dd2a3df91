//! What is remembered of a process's descriptors: the plain table, and what each is open on, which is asked once.
//!
//! Surprising: it is asked when the model wants it, a few milliseconds behind the program. A number that is closed by
//! then is open on nothing that is known; the model then hears of the close before it judges.

use crate::tape::Tape;
use epshim_attach::gather::{Questions, now};
use epshim_attach::look::{Kind as Looked, Protocol, State};
use epshim_observe::{Descriptor, Descriptors, Fd, Io, Kind, Observation, Table, Tid, What, bits};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::RefCell;
use std::rc::Rc;

/// The descriptors of a process.
#[derive(Debug)]
pub struct Numbers {
    table: Table,
    questions: Rc<Questions>,
    /// What each is open on, by its generation.
    kinds: RefCell<FxHashMap<Fd, (u32, Kind)>>,
    tape: Tape,
    /// Descriptors that the recording says a thread waits for room in.
    awaited: RefCell<FxHashSet<Fd>>,
}

impl Numbers {
    pub fn of(questions: Rc<Questions>, tape: Tape) -> Self {
        let (table, kinds, awaited) = (Table::default(), RefCell::default(), RefCell::default());
        Self { table, questions, kinds, tape, awaited }
    }

    /// Takes what was observed; returns what follows from it.
    pub fn observe(&mut self, it: &Observation<'_>) -> Option<What<'static>> {
        match it.what {
            What::Create { epfd } => self.is_of(epfd, Kind::Epoll),
            What::Accept { fd, .. } => self.is_of(fd, Kind::Listener),
            What::Open { fd, kind, .. } => self.is_of(fd, kind),
            _ => {}
        }
        self.table.observe(it)
    }

    /// It is a connection that was accepted.
    pub fn is_connection(&self, fd: Fd) {
        self.is_of(fd, Kind::Stream);
    }

    /// Another file is open under the number.
    pub fn begin_anew(&self, fd: Fd) {
        self.table.begin_anew(fd);
    }

    fn is_of(&self, fd: Fd, kind: Kind) {
        let generation = self.table.state(fd).0;
        self.kinds.borrow_mut().insert(fd, (generation, kind));
    }

    /// What it is open on now, its state included: of a socket all of its family are listed for that.
    pub fn look_up(&self, fd: Fd) -> Kind {
        let state = self.questions.state(fd);
        let is_listening = |state: &epshim_attach::look::File| {
            state.socket().is_some_and(|socket| socket.state == State::Listen)
        };
        if state.as_ref().is_some_and(is_listening) { Kind::Listener } else { self.ask(fd) }
    }

    fn ask(&self, fd: Fd) -> Kind {
        let Some((kind, protocol)) = self.questions.kind(fd) else { return Kind::Unknown };
        match (kind, protocol.as_deref()) {
            (_, Some("TCP" | "TCPv6" | "MPTCP" | "MPTCPv6" | "UNIX-STREAM")) => Kind::Stream,
            (_, Some("UDP" | "UDPv6" | "UDP-Lite")) => Kind::Datagram,
            // Before Linux 5.15 all of the family have this name.
            (_, Some("UNIX")) => match self.questions.state(fd).as_ref().and_then(|it| it.socket())
            {
                Some(socket) if socket.protocol == Protocol::UnixStream => Kind::Stream,
                Some(_) => Kind::Datagram,
                None => Kind::Unknown,
            },
            (Looked::Pipe, _) => Kind::Pipe,
            (Looked::Event { .. } | Looked::Timer { .. }, _) => Kind::Counter,
            (Looked::Inotify | Looked::Signal { .. }, _) => Kind::Queue,
            (Looked::Epoll, _) => Kind::Epoll,
            (Looked::Named(name), _) if is_terminal(&name) => Kind::Pipe,
            _ => Kind::Unknown,
        }
    }

    /// A replay cannot look at threads.
    fn tell_awaited(&self, fd: Fd, is_awaited: bool) {
        let mut awaited = self.awaited.borrow_mut();
        let is_new = if is_awaited { awaited.insert(fd) } else { awaited.remove(&fd) };
        if is_new {
            self.tape.note(now(), self.questions.process().pid, || match is_awaited {
                true => What::Poll { fd, events: bits::OUT },
                false => What::Polled { fd, ready: 0 },
            });
        }
    }
}

fn is_terminal(name: &str) -> bool {
    name.starts_with("/dev/pts/") || name.starts_with("/dev/tty")
}

impl Descriptors for Numbers {
    fn state(&self, fd: Fd) -> (u32, Io) {
        self.table.state(fd)
    }

    fn get(&self, fd: Fd) -> Descriptor {
        self.table.get(fd)
    }

    fn kind(&self, fd: Fd) -> Kind {
        // A replay has what was observed.
        if self.tape.is_on() {
            return self.table.kind(fd);
        }
        let generation = self.table.state(fd).0;
        let known = self.kinds.borrow().get(&fd).copied();
        if let Some((_, kind)) = known.filter(|&(of, _)| of == generation) {
            return kind;
        }
        let kind = self.ask(fd);
        self.kinds.borrow_mut().insert(fd, (generation, kind));
        kind
    }

    /// Asked to have a thread watched that may fall asleep: here all are looked at.
    fn may_block(&self, _: Fd) -> bool {
        false
    }

    fn is_room_awaited(&self, fd: Fd) -> bool {
        let threads = self.questions.threads().into_iter();
        let waits = |thread: epshim_attach::look::Thread| {
            thread.polled.is_some_and(|polled| polled.contains(&fd))
        };
        let is_awaited = threads.filter_map(|tid| self.questions.thread(tid)).any(waits);
        self.tell_awaited(fd, is_awaited);
        is_awaited
    }

    fn hung_up(&self, fd: Fd) {
        self.table.hung_up(fd);
    }

    fn tell_reads(&self, fd: Fd, tell: bool) {
        self.table.tell_reads(fd, tell);
    }

    fn in_batch(&self, fd: Fd, tid: Tid) {
        self.table.in_batch(fd, tid);
    }
}
