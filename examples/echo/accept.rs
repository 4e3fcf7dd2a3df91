//! Accepting: a bounded number of connections a round, each registered. The listener is level-triggered: what
//! one round does not accept is reported again.

use crate::connection::{Connection, INTEREST};
use crate::listener::{self, Accepted};
use crate::server::{Source, Turns, turn_again};
use epshim::{AddError, EventFlags, Key, Reactor};
use std::io;
use std::time::{Duration, Instant};

/// So that a flood of new connections does not starve the old ones.
const ACCEPTS_PER_ROUND: usize = 64;
/// How soon accept is tried again where there is no room for another connection.
const RETRY: Duration = Duration::from_millis(100);

impl Turns {
    /// Accepts a bounded number of connections; during the stop as many as the backlog can hold. Where
    /// there is no room the listener would be reported for ever, and the loop would spin: then its
    /// interest is off until a connection was closed or 100 ms have passed.
    pub fn accept(&mut self, reactor: &mut Reactor<Source>) {
        let Some(listener) = self.listener else { return };
        let mut left = self.stop.as_ref().map_or(ACCEPTS_PER_ROUND, |stop| stop.backlog_left);
        let mut accepted = Ok(true);
        while left > 0 && matches!(accepted, Ok(true)) {
            accepted = self.accept_one(reactor, listener);
            left -= 1;
        }
        if let Some(stop) = &mut self.stop {
            stop.backlog_left = left;
        }
        match accepted {
            Err(error) => {
                self.shortage.begin(&error);
                set_listener(reactor, listener, EventFlags::empty(), Some(Instant::now() + RETRY));
            }
            Ok(_) if self.stop.is_some() => self.close_listener(reactor),
            Ok(_) if self.shortage.lasts => {
                self.shortage.end();
                set_listener(reactor, listener, EventFlags::IN, None);
            }
            Ok(_) => {}
        }
    }

    /// Accepts and registers one connection. False: the backlog is empty. An error says why there is no
    /// room for one.
    fn accept_one(&mut self, reactor: &mut Reactor<Source>, listener: Key) -> io::Result<bool> {
        if self.waiting.is_none() {
            let Some(Source::Listener(listener)) = reactor.get(listener) else { return Ok(false) };
            self.waiting = match listener::accept(listener)? {
                Accepted::Stream(stream) => Some(Connection::new(stream)),
                Accepted::Broken => return Ok(true),
                Accepted::Nothing => return Ok(false),
            };
        }
        let Some(mut connection) = self.waiting.take() else { return Ok(true) };
        if let Some(stop) = &mut self.stop {
            stop.listener_silent = 0;
            connection.limit();
        }
        match reactor.add(Source::Connection(connection), INTEREST) {
            Ok(key) => {
                self.total += 1;
                if self.stop.is_some() {
                    turn_again(reactor, key);
                }
                Ok(true)
            }
            Err(AddError { source, error }) => {
                if let Source::Connection(connection) = source {
                    self.waiting = Some(connection);
                }
                Err(error)
            }
        }
    }

    pub fn close_listener(&mut self, reactor: &mut Reactor<Source>) {
        drop(self.listener.take().and_then(|listener| reactor.remove(listener)));
        self.waiting = None;
        self.shortage.lasts = false;
    }
}

fn set_listener(
    reactor: &mut Reactor<Source>,
    listener: Key,
    interest: EventFlags,
    retry_at: Option<Instant>,
) {
    let set = reactor.modify(listener, interest);
    set.and_then(|()| reactor.set_timer(listener, retry_at)).expect("it is registered");
}
