//! The listening socket: level-triggered, so that what one round does not accept is reported again.
//!
//! Where descriptors or memory are exhausted accept fails and leaves the connection in the backlog:
//! the listener would be reported for ever, and the loop would spin. Then its interest is off until
//! a connection was closed or 100 ms have passed.

use crate::connection::Connection;
use crate::failure::Reason;
use crate::server::{LISTENER, Server};
use crate::socket;
use crate::streams::say;
use epshim::{Epoll, EventFlags};
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// So that a flood of new connections does not starve the old ones.
const ACCEPTS_PER_ROUND: usize = 64;
/// How soon accept is tried again where descriptors are exhausted.
const RETRY: Duration = Duration::from_millis(100);
/// How often at most it is said that descriptors are exhausted.
const QUIET: Duration = Duration::from_secs(1);

/// What one try to accept gave.
enum Accepted {
    Connection(TcpStream),
    /// The connection at the front of the backlog broke; there may be others.
    Broken,
    Nobody,
}

/// The listener and its interest.
pub struct Listener {
    socket: TcpListener,
    /// While descriptors are exhausted: when to try again. The interest is off.
    retry_at: Option<Instant>,
    /// ... and that was said.
    pause_told: bool,
    /// When it was said last.
    told_at: Option<Instant>,
}

impl Listener {
    pub fn open(address: SocketAddr, reuse_port: bool, epoll: &Epoll) -> io::Result<Self> {
        let socket = socket::listen(address, reuse_port)?;
        epoll.add(&socket, EventFlags::IN, LISTENER.data())?;
        Ok(Self { socket, retry_at: None, pause_told: false, told_at: None })
    }

    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    pub fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }

    fn client_waits(&self) -> bool {
        socket::client_waits(&self.socket)
    }

    /// Accepts one connection, non-blocking. An error says why there is no room for one.
    fn accept(&self) -> io::Result<Accepted> {
        match self.socket.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(true)?;
                Ok(Accepted::Connection(stream))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Accepted::Nobody),
            Err(error) if concerns_one_connection(&error) => Ok(Accepted::Broken),
            // accept wants a descriptor before it looks whether a client waits for it.
            Err(error) if wants_descriptor(&error) && !self.client_waits() => Ok(Accepted::Nobody),
            Err(error) => Err(error),
        }
    }

    /// Whoever takes and frees the last descriptor all the time shall not fill the log: one such
    /// pause a second is told of, with its end.
    fn pause(&mut self, epoll: &Epoll, now: Instant, why: &io::Error) -> io::Result<()> {
        if self.retry_at.replace(now + RETRY).is_some() {
            return Ok(());
        }
        self.pause_told = self.told_at.is_none_or(|told_at| now - told_at >= QUIET);
        if self.pause_told {
            self.told_at = Some(now);
            let why = Reason(why);
            say(format_args!("cannot accept: {why}; connections wait until there is room"));
        }
        epoll.modify(&self.socket, EventFlags::empty(), LISTENER.data())
    }

    fn resume(&mut self, epoll: &Epoll) -> io::Result<()> {
        if self.retry_at.take().is_none() {
            return Ok(());
        }
        if self.pause_told {
            say("accepting connections again");
        }
        epoll.modify(&self.socket, EventFlags::IN, LISTENER.data())
    }
}

impl Server {
    /// Accepts a bounded number of connections; during the stop as many as the backlog can hold.
    pub(crate) fn accept(&mut self) -> io::Result<()> {
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

    /// Accepts one connection. False: no client waits. An error says why there is no room. The memory
    /// comes first: without it the connection stays in the backlog.
    fn accept_one(&mut self) -> io::Result<bool> {
        let reserved = self.reserve();
        let Some(listener) = &self.listener else { return Ok(false) };
        if let Err(error) = reserved {
            return if listener.client_waits() { Err(error) } else { Ok(false) };
        }
        match listener.accept()? {
            Accepted::Nobody => Ok(false),
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
        let key = self.connections.insert(connection);
        let registered =
            self.connections.get_mut(key).map_or(Ok(()), |c| c.register(&self.epoll, key));
        if let Err(error) = registered {
            self.connections.remove(key);
            return Err(error);
        }
        self.total += 1;
        if self.stop.is_some() {
            self.make_ready(key);
        }
        Ok(())
    }
}

/// accept(2) reports what the network did to one connection, which has left the backlog then.
fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(
            libc::EINTR
                | libc::ECONNABORTED
                | libc::ENETDOWN
                | libc::EPROTO
                | libc::ENOPROTOOPT
                | libc::EHOSTDOWN
                | libc::ENONET
                | libc::EHOSTUNREACH
                | libc::EOPNOTSUPP
                | libc::ENETUNREACH
        )
    )
}

fn wants_descriptor(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE))
}
