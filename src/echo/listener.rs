//! The listening socket: level-triggered, so that what one round does not accept is reported again.
//!
//! Where descriptors or memory are exhausted accept fails and leaves the connection in the backlog:
//! the listener would be reported for ever, and the loop would spin. Then its interest is off until
//! a connection was closed or 100 ms have passed.

use crate::failure::Reason;
use crate::slab::Token;
use crate::socket;
use crate::streams::say;
use epshim::{Epoll, EventFlags};
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// How soon accept is tried again where descriptors are exhausted.
const RETRY: Duration = Duration::from_millis(100);
/// How often at most it is said that descriptors are exhausted.
const QUIET: Duration = Duration::from_secs(1);

/// What one try to accept gave.
pub enum Accepted {
    Connection(TcpStream),
    /// The connection at the front of the backlog broke; there may be others.
    Broken,
    NoConnection,
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
        epoll.add(&socket, EventFlags::IN, Token::LISTENER.data())?;
        Ok(Self { socket, retry_at: None, pause_told: false, told_at: None })
    }

    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    pub fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }

    /// Whether a connection waits in the backlog.
    pub fn client_waits(&self) -> bool {
        socket::client_waits(&self.socket)
    }

    /// Accepts one connection, non-blocking. An error says why there is no room for one.
    pub fn accept(&self) -> io::Result<Accepted> {
        match self.socket.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(true)?;
                Ok(Accepted::Connection(stream))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Accepted::NoConnection),
            Err(error) if concerns_one_connection(&error) => Ok(Accepted::Broken),
            // accept takes a descriptor before it looks for a connection.
            Err(error) if wants_descriptor(&error) && !self.client_waits() => {
                Ok(Accepted::NoConnection)
            }
            Err(error) => Err(error),
        }
    }

    /// A program that takes and frees the last descriptor all the time must not fill the log: at most one
    /// pause a second is reported, with its end.
    pub fn pause(&mut self, epoll: &Epoll, now: Instant, why: &io::Error) -> io::Result<()> {
        if self.retry_at.replace(now + RETRY).is_some() {
            return Ok(());
        }
        self.pause_told = self.told_at.is_none_or(|told_at| now - told_at >= QUIET);
        if self.pause_told {
            self.told_at = Some(now);
            let why = Reason(why);
            say(format_args!("cannot accept: {why}; connections wait until there is room"));
        }
        epoll.modify(&self.socket, EventFlags::empty(), Token::LISTENER.data())
    }

    pub fn resume(&mut self, epoll: &Epoll) -> io::Result<()> {
        if self.retry_at.take().is_none() {
            return Ok(());
        }
        if self.pause_told {
            say("accepting connections again");
        }
        epoll.modify(&self.socket, EventFlags::IN, Token::LISTENER.data())
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
