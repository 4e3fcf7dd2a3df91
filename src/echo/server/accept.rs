//! Accepting: a bounded number of connections a round, each registered, and on the ready list at once
//! during a stop.
//!
//! Where there is no room for another, the listener pauses (see `listener.rs`), and the loop goes on.

use super::Server;
use crate::connection::Connection;
use crate::listener::Accepted;
use std::io;
use std::net::TcpStream;

/// So that a flood of new connections does not starve the old ones.
const ACCEPTS_PER_ROUND: usize = 64;

impl Server {
    /// Accepts a bounded number of connections; during the stop as many as the backlog can hold.
    pub(super) fn accept(&mut self) -> io::Result<()> {
        let mut left = self.stop.as_ref().map_or(ACCEPTS_PER_ROUND, |stop| stop.backlog_left);
        let mut outcome = Ok(true);
        while left > 0 && matches!(outcome, Ok(true)) {
            outcome = self.accept_one();
            left -= 1;
        }
        if let Some(stop) = &mut self.stop {
            stop.backlog_left = left;
        }
        let Some(listener) = &mut self.listener else { return Ok(()) };
        match outcome {
            Err(error) => listener.pause(&self.epoll, self.now, &error)?,
            Ok(_) if self.stop.is_some() => self.listener = None,
            Ok(_) => listener.resume(&self.epoll)?,
        }
        Ok(())
    }

    /// Accepts one connection. False: the backlog is empty. An error says why there is no room. The memory
    /// comes first: without it the connection stays in the backlog.
    fn accept_one(&mut self) -> io::Result<bool> {
        let reserved = self.reserve();
        let Some(listener) = &self.listener else { return Ok(false) };
        if let Err(error) = reserved {
            return if listener.client_waits() { Err(error) } else { Ok(false) };
        }
        match listener.accept()? {
            Accepted::NoConnection => Ok(false),
            Accepted::Broken => Ok(true),
            Accepted::Connection(stream) => self.open_connection(stream).map(|()| true),
        }
    }

    fn open_connection(&mut self, stream: TcpStream) -> io::Result<()> {
        let mut connection = Connection::new(stream);
        if let Some(stop) = &mut self.stop {
            stop.listener_silent = 0;
            connection.limit();
        }
        let token = self.connections.insert(connection);
        let registered =
            self.connections.get_mut(token).map_or(Ok(()), |c| c.register(&self.epoll, token));
        if let Err(error) = registered {
            self.connections.remove(token);
            return Err(error);
        }
        self.total += 1;
        if self.stop.is_some() {
            self.make_ready(token);
        }
        Ok(())
    }
}
