//! What one thread does. The loop: wait, note, turns, accept (`accept.rs`), and what a stop changes in
//! it (`stop.rs`).
//!
//! A connection that is not done after its turn stays on the ready list, for its edge will not come
//! again, and has another turn in the next round, after everybody else's: a greedy peer waits like
//! all others. Nothing is allocated per event once the lists have grown to the number of
//! connections.

mod accept;
mod stop;

use crate::buffer::Buffer;
use crate::connection::{Connection, PACKED_SIZE, Shared};
use crate::failure::Failure;
use crate::listener::Listener;
use crate::memory::{self, no_memory};
use crate::options::Options;
use crate::signals::{self, Signals};
use crate::slab::{Slab, Token};
use crate::streams::say;
use crate::transfer::Transfer;
use epshim::{CreateFlags, Epoll, EventBuffer, EventFlags};
use std::io::{self, ErrorKind};
use std::mem;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Deliveries per wait.
const BATCH: usize = 256;

pub struct Server {
    /// Its number, from 1; 0 if there are no others.
    thread: usize,
    /// For how long to look for events before going to sleep.
    spin: Duration,
    epoll: Epoll,
    signals: Signals,
    listener: Option<Listener>,
    connections: Slab<Connection>,
    shared: Shared,
    stop: Option<Stop>,
    /// In this round, if anything in it depends on the time.
    now: Instant,
    /// Connections since the start.
    total: u64,
    /// A connection was closed since accept was last tried.
    freed: bool,
    /// Whose turn it is in the next round, each once.
    ready: Vec<Token>,
    /// The list of the round before, empty, kept for its memory.
    spare: Vec<Token>,
    /// What was read in this round and is not written yet: whose message, and its length. They
    /// lie in the shared buffer, one behind another.
    messages: Vec<(Token, usize)>,
    /// For the loop, which borrows it beside the server.
    events: EventBuffer,
}

/// What there is to know once a stop has begun.
struct Stop {
    /// When to look for progress next.
    sweep_at: Instant,
    /// Connections still to be accepted from the backlog.
    backlog_left: usize,
    /// Sweeps without an accepted connection.
    listener_silent: u32,
}

impl Server {
    /// For the thread of this number, from 1. All that it will need is allocated here, but for what
    /// connections need.
    pub fn open(options: &Options, number: usize) -> Result<Box<Self>, Failure> {
        let epoll = Epoll::create(CreateFlags::CLOEXEC).map_err(Failure::CreateEpoll)?;
        let signals = Signals::open()
            .and_then(|signals| {
                epoll.add(&*signals.stop, EventFlags::IN, Token::STOP.data())?;
                epoll.add(&*signals.statistics, EventFlags::IN, Token::STATISTICS.data())?;
                Ok(signals)
            })
            .map_err(Failure::SetUpSignals)?;
        let listener = Listener::open(options.address, options.reuse_port, &epoll)
            .map_err(|error| Failure::Listen(options.address, error))?;
        Self::with(options, number, epoll, signals, listener)
            .map_err(|error| Failure::StartThread(number, options.threads, error))
    }

    /// What is left of [`open`](Self::open): memory.
    fn with(
        options: &Options,
        number: usize,
        epoll: Epoll,
        signals: Signals,
        listener: Listener,
    ) -> io::Result<Box<Self>> {
        let mut messages = Vec::new();
        messages.try_reserve_exact(BATCH).map_err(|_| no_memory())?;
        let shared = Shared {
            transfer: Transfer::of_this_process(),
            buffer: Buffer::new()?,
            packed: 0,
            echoed: 0,
            lost: 0,
        };
        memory::boxed(Self {
            thread: if options.threads > 1 { number } else { 0 },
            spin: options.spin,
            epoll,
            signals,
            listener: Some(listener),
            connections: Slab::new(),
            shared,
            stop: None,
            now: Instant::now(),
            total: 0,
            freed: false,
            ready: Vec::new(),
            spare: Vec::new(),
            messages,
            events: EventBuffer::try_with_capacity(BATCH)?,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.as_ref().ok_or(ErrorKind::NotConnected)?.address()
    }

    /// Serves until a signal asks to stop. Returns whether every byte was echoed.
    pub fn run(&mut self) -> Result<bool, Failure> {
        let mut events = mem::replace(&mut self.events, EventBuffer::with_capacity(0));
        while self.stop.is_none() || !self.connections.is_empty() || self.listener.is_some() {
            match self.wait(&mut events) {
                Err(error) if error.kind() != ErrorKind::Interrupted => {
                    return Err(Failure::Wait(error));
                }
                _ => {}
            }
            if self.round(&events).map_err(Failure::ChangeInterest)? {
                return Ok(false);
            }
        }
        Ok(self.shared.lost == 0)
    }

    /// With `--spin-us` looks again and again before it sleeps. Not `Epoll::wait_spinning`, which blocks
    /// signals meanwhile: no signal is missed here between two looks, for they all come as events.
    #[inline(always)]
    fn wait(&self, events: &mut EventBuffer) -> io::Result<usize> {
        let transfer = self.shared.transfer;
        let mut until_due = self.timeout();
        if !self.spin.is_zero() && until_due != Some(Duration::ZERO) {
            let spin = until_due.map_or(self.spin, |until_due| until_due.min(self.spin));
            let start = Instant::now();
            while start.elapsed() < spin {
                match transfer.wait(&self.epoll, events, Some(Duration::ZERO)) {
                    Ok(0) => {}
                    found => return found,
                }
            }
            until_due = self.timeout();
        }
        transfer.wait(&self.epoll, events, until_due)
    }

    pub fn is_stopping(&self) -> bool {
        self.stop.is_some()
    }

    fn timeout(&self) -> Option<Duration> {
        if !self.ready.is_empty() {
            return Some(Duration::ZERO);
        }
        let retry = self.listener.as_ref().and_then(Listener::retry_at);
        let sweep = self.stop.as_ref().map(|stop| stop.sweep_at);
        let until = retry.into_iter().chain(sweep).min()?;
        Some(until.saturating_duration_since(Instant::now()))
    }

    /// One round. True: stop at once.
    #[inline(always)]
    fn round(&mut self, events: &EventBuffer) -> io::Result<bool> {
        let mut accept_now = false;
        let mut stop_now = false;
        for event in events {
            match Token::of(&event) {
                Token::LISTENER => accept_now = true,
                Token::STOP => stop_now = true,
                Token::STATISTICS => self.print_statistics(),
                token => self.note(token, event.flags()),
            }
        }
        let retry_at = self.listener.as_ref().and_then(Listener::retry_at);
        if accept_now || stop_now || retry_at.is_some() || self.stop.is_some() {
            self.now = Instant::now(); // Messages depend on no time.
        }
        if stop_now && self.heed_stop_signals()? {
            return Ok(true);
        }
        self.turns();
        if let Some(retry_at) = self.listener.as_ref().and_then(Listener::retry_at) {
            accept_now = self.freed || self.now >= retry_at;
        }
        self.freed = false;
        if accept_now {
            self.accept()?;
        }
        self.sweep();
        Ok(false)
    }

    /// Memory for one connection more: its place, and its turns. Each place is put on a list once at
    /// most until the next connection is accepted.
    fn reserve(&mut self) -> io::Result<()> {
        self.connections.reserve()?;
        let places = self.connections.capacity();
        for list in [&mut self.ready, &mut self.spare] {
            list.try_reserve(places).map_err(|_| no_memory())?;
        }
        Ok(())
    }

    #[inline(always)]
    fn note(&mut self, token: Token, events: EventFlags) {
        // A stale delivery finds no connection.
        if self.connections.get_mut(token).is_some_and(|connection| connection.note(events)) {
            self.make_ready(token);
        }
    }

    #[inline(always)]
    fn make_ready(&mut self, token: Token) {
        let Some(connection) = self.connections.get_mut(token) else { return };
        if !mem::replace(&mut connection.queued, true) {
            self.ready.push(token);
        }
    }

    /// One turn for each connection that is on the ready list now; those that are put on it again
    /// have theirs in the next round.
    #[inline(always)]
    fn turns(&mut self) {
        let mut round = mem::replace(&mut self.ready, mem::take(&mut self.spare));
        for token in round.drain(..) {
            let Some(connection) = self.connections.get_mut(token) else { continue };
            connection.queued = false;
            match connection.turn(&mut self.shared) {
                Ok(0) => self.end_turn(token),
                Ok(size) => self.pack(token, size),
                Err(_) => self.close(token),
            }
        }
        self.spare = round;
        self.echo_packed();
    }

    /// Takes in what a connection has read, to be written with what others have read.
    #[inline(always)]
    fn pack(&mut self, token: Token, size: usize) {
        self.messages.push((token, size));
        self.shared.packed += size;
        if self.shared.packed >= PACKED_SIZE || self.messages.len() == BATCH {
            self.echo_packed();
        }
    }

    /// Writes what is packed, and ends those turns.
    #[inline(always)]
    fn echo_packed(&mut self) {
        let mut messages = mem::take(&mut self.messages);
        let mut start = 0;
        for (token, size) in messages.drain(..) {
            let Some(connection) = self.connections.get_mut(token) else { continue };
            match connection.echo(&mut self.shared, start, start + size) {
                Ok(()) => self.end_turn(token),
                Err(_) => self.close(token),
            }
            start += size;
        }
        self.messages = messages;
        self.shared.packed = 0;
    }

    #[inline(always)]
    fn end_turn(&mut self, token: Token) {
        match self.connections.get_mut(token).map(Connection::end_turn) {
            Some(Ok(true)) => self.make_ready(token),
            Some(Err(_)) => self.close(token),
            _ => {}
        }
    }

    #[cold]
    fn close(&mut self, token: Token) {
        self.connections.remove(token);
        self.freed = true;
    }

    fn print_statistics(&self) {
        if signals::read(&self.signals.statistics) == 0 {
            return;
        }
        let (now, total) = (self.connections.len(), self.total);
        let echoed = self.shared.echoed;
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
