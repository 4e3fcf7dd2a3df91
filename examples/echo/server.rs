//! What one thread does: the turns that its reactor gives. Accepting is in `accept.rs`, the graceful stop in
//! `stop.rs`.
//!
//! The reactor has the connections, the list of what is ready and the timers. A connection is registered
//! once, for both directions, edge-triggered, and never again. In its turn it only reads; the turn at the
//! round's end writes what all have read, so that the kernel's code for reading stays in the caches, and
//! then that for writing. A connection that is not done asks for another turn in the next round, for its
//! edge will not come again: a greedy peer waits like all others.

use crate::connection::{Connection, Shared};
use crate::listener::Shortage;
use crate::options::Options;
use crate::process::{REPORTS, no_memory, say};
use crate::stop::Stop;
use epshim::{EventFlags, Key, Reactor, Turn, Waker};
use std::io;
use std::mem;
use std::net::TcpListener;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

/// At most these bytes and these messages are packed in the buffer; then they are written.
const PACKED_SIZE: usize = 16 * 1024;
const MESSAGES: usize = 256;

/// What the reactor owns.
pub enum Source {
    Listener(TcpListener),
    Connection(Connection),
}

impl AsFd for Source {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Listener(listener) => listener.as_fd(),
            Self::Connection(connection) => connection.as_fd(),
        }
    }
}

/// What one thread has.
pub struct Server {
    reactor: Reactor<Source>,
    turns: Turns,
}

/// What the turns need beside the reactor.
pub struct Turns {
    /// Its number, from 1; 0 if there are no others.
    thread: usize,
    /// None once it is closed.
    pub listener: Option<Key>,
    /// A timer, for the stop.
    pub sweep: Key,
    pub shared: Shared,
    /// What was read in this round and is not written yet: whose message, and its length. They lie in the
    /// shared buffer, one behind another.
    messages: Vec<(Key, usize)>,
    /// Accepted, but there was no memory to register it.
    pub waiting: Option<Connection>,
    pub shortage: Shortage,
    /// A connection was closed in this round.
    freed: bool,
    pub stop: Option<Stop>,
    /// Stopped by a second signal.
    pub failed: bool,
    /// Connections since the start.
    pub total: u64,
    /// Signals that were heeded.
    pub stops_seen: u32,
    reports_seen: u32,
}

impl Server {
    /// For the thread of this number, from 1. All that it will need is allocated here, but for what
    /// connections need.
    pub fn new(listener: TcpListener, options: &Options, number: usize) -> io::Result<Self> {
        let mut reactor = Reactor::new()?;
        reactor.set_spin(options.spin);
        reactor.set_round_end(true);
        let mut messages = Vec::new();
        messages.try_reserve_exact(MESSAGES).map_err(|_| no_memory())?;
        let listener = reactor.add(Source::Listener(listener), EventFlags::IN)?;
        let sweep = reactor.add_timer(Instant::now())?;
        reactor.set_timer(sweep, None)?;
        let turns = Turns {
            thread: if options.threads > 1 { number } else { 0 },
            listener: Some(listener),
            sweep,
            shared: Shared::new()?,
            messages,
            waiting: None,
            shortage: Shortage::default(),
            freed: false,
            stop: None,
            failed: false,
            total: 0,
            stops_seen: 0,
            reports_seen: 0,
        };
        Ok(Self { reactor, turns })
    }

    /// What a signal wakes.
    pub fn waker(&self) -> Waker {
        self.reactor.waker()
    }

    /// Serves until a signal asks to stop. Returns whether every byte was echoed.
    pub fn run(&mut self) -> io::Result<bool> {
        let Self { reactor, turns } = self;
        reactor.run(|reactor, turn| turns.turn(reactor, turn))?;
        Ok(!turns.failed && turns.shared.lost == 0)
    }

    pub fn is_stopping(&self) -> bool {
        self.turns.stop.is_some()
    }
}

impl Turns {
    fn turn(&mut self, reactor: &mut Reactor<Source>, turn: Turn) {
        match turn {
            Turn::Ready { key, .. } | Turn::Timer(key) if Some(key) == self.listener => {
                self.accept(reactor);
            }
            Turn::Ready { key, flags } => self.serve(reactor, key, flags),
            Turn::Timer(_) => self.sweep(reactor),
            Turn::Wake => self.heed_signals(reactor),
            Turn::RoundEnd => self.end_round(reactor),
        }
    }

    fn serve(&mut self, reactor: &mut Reactor<Source>, key: Key, events: EventFlags) {
        let Some(connection) = connection(reactor, key) else { return };
        if !connection.note(events) {
            return;
        }
        match connection.turn(&mut self.shared) {
            Ok(0) => self.end_turn(reactor, key),
            Ok(size) => self.pack(reactor, key, size),
            Err(_) => self.close(reactor, key),
        }
    }

    /// Takes in what a connection has read, to be written with what others have read.
    fn pack(&mut self, reactor: &mut Reactor<Source>, key: Key, size: usize) {
        self.messages.push((key, size));
        self.shared.packed += size;
        if self.shared.packed >= PACKED_SIZE || self.messages.len() == MESSAGES {
            self.echo_packed(reactor);
        }
    }

    /// Writes what is packed, and ends those turns.
    pub fn echo_packed(&mut self, reactor: &mut Reactor<Source>) {
        let mut messages = mem::take(&mut self.messages);
        let mut start = 0;
        for (key, size) in messages.drain(..) {
            let Some(connection) = connection(reactor, key) else { continue };
            match connection.echo(&mut self.shared, start, start + size) {
                Ok(()) => self.end_turn(reactor, key),
                Err(_) => self.close(reactor, key),
            }
            start += size;
        }
        self.messages = messages;
        self.shared.packed = 0;
    }

    fn end_turn(&mut self, reactor: &mut Reactor<Source>, key: Key) {
        match connection(reactor, key).map(Connection::end_turn) {
            Some(Ok(true)) => turn_again(reactor, key),
            Some(Err(_)) => self.close(reactor, key),
            _ => {}
        }
    }

    pub fn close(&mut self, reactor: &mut Reactor<Source>, key: Key) {
        drop(reactor.remove(key));
        self.freed = true;
    }

    fn end_round(&mut self, reactor: &mut Reactor<Source>) {
        self.echo_packed(reactor);
        if mem::take(&mut self.freed) && self.shortage.lasts {
            self.accept(reactor);
        }
        if self.stop.is_some() && self.listener.is_none() && self.connections(reactor) == 0 {
            reactor.stop();
        }
    }

    /// How many connections there are.
    pub fn connections(&self, reactor: &Reactor<Source>) -> usize {
        reactor.len() - 1 - usize::from(self.listener.is_some())
    }

    fn heed_signals(&mut self, reactor: &mut Reactor<Source>) {
        self.echo_packed(reactor);
        let reports = REPORTS.load(Relaxed);
        if mem::replace(&mut self.reports_seen, reports) != reports {
            self.print_statistics(reactor);
        }
        self.heed_stop_signals(reactor);
    }

    fn print_statistics(&self, reactor: &Reactor<Source>) {
        let (now, total, echoed) = (self.connections(reactor), self.total, self.shared.echoed);
        // Rust 1.85 lets no variable hold these arguments, and a String would need memory.
        match self.thread {
            0 => {
                say(format_args!("{now} connections now, {total} in total, {echoed} bytes echoed"))
            }
            number => say(format_args!(
                "thread {number}: {now} connections now, {total} in total, {echoed} bytes echoed"
            )),
        }
    }
}

pub fn connection(reactor: &mut Reactor<Source>, key: Key) -> Option<&mut Connection> {
    match reactor.get_mut(key)? {
        Source::Connection(connection) => Some(connection),
        Source::Listener(_) => None,
    }
}

/// In the next round.
pub fn turn_again(reactor: &mut Reactor<Source>, key: Key) {
    reactor.again(key, EventFlags::IN).expect("it is registered");
}
