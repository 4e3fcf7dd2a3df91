//! The listening socket: opened, and what accept(2) says, sorted. Also what there is to say when there is no
//! room for another connection.

use crate::options::Options;
use crate::process::{Failed, Reason, say};
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{self, ErrorKind};
use std::mem;
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

/// How often at most it is said that there is no room.
const QUIET: Duration = Duration::from_secs(1);
/// The longest backlog that the kernel may grant.
pub const BACKLOG: usize = libc::SOMAXCONN as usize;

/// A listener with all that accepted sockets inherit: the kernel clones it (`net/ipv4/tcp_minisocks.c`,
/// `tcp_create_openreq_child`). Urgent bytes are inline: they are echoed too.
pub fn open(options: &Options) -> Result<TcpListener, Failed> {
    let Options { address, reuse_port, .. } = *options;
    let listening = || {
        let kind = Type::STREAM.nonblocking();
        let socket = Socket::new(Domain::for_address(address), kind, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.set_out_of_band_inline(true)?;
        socket.set_tcp_nodelay(true)?;
        socket.set_reuse_port(reuse_port)?;
        socket.bind(&address.into())?;
        socket.listen(libc::SOMAXCONN)?;
        Ok(socket.into())
    };
    listening().map_err(|error| {
        say(format_args!(
            "cannot listen on {address}: {}; choose another --port (0 picks a free one) or --bind",
            Reason(&error)
        ));
        Failed
    })
}

/// Whether a connection waits to be accepted.
fn client_waits(listener: &TcpListener) -> bool {
    let mut listening = libc::pollfd { fd: listener.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one pollfd, which lives through the call.
    unsafe { libc::poll(&raw mut listening, 1, 0) == 1 }
}

/// What one try to accept gave.
pub enum Accepted {
    Stream(TcpStream),
    /// The connection at the front of the backlog broke; there may be others.
    Broken,
    Nothing,
}

/// Accepts one connection, non-blocking. An error says why there is no room for one.
pub fn accept(listener: &TcpListener) -> io::Result<Accepted> {
    let error = match listener.accept() {
        Ok((stream, _)) => {
            stream.set_nonblocking(true)?;
            return Ok(Accepted::Stream(stream));
        }
        Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Accepted::Nothing),
        Err(error) => error,
    };
    match error.raw_os_error() {
        // accept(2) reports what the network did to one connection, which has left the backlog then.
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
            | libc::ENETUNREACH,
        ) => Ok(Accepted::Broken),
        // accept takes a descriptor before it looks for a connection.
        Some(libc::EMFILE | libc::ENFILE) if !client_waits(listener) => Ok(Accepted::Nothing),
        _ => Err(error),
    }
}

/// There is no room for another connection: the listener's interest is off.
#[derive(Default)]
pub struct Shortage {
    pub lasts: bool,
    reported: bool,
    reported_at: Option<Instant>,
}

impl Shortage {
    /// A program that takes and frees the last descriptor all the time must not fill the log: at most one
    /// shortage a second is reported, with its end.
    pub fn begin(&mut self, why: &io::Error) {
        if mem::replace(&mut self.lasts, true) {
            return;
        }
        let now = Instant::now();
        self.reported = self.reported_at.is_none_or(|before| now - before >= QUIET);
        if self.reported {
            self.reported_at = Some(now);
            let why = Reason(why);
            say(format_args!("cannot accept: {why}; connections wait until there is room"));
        }
    }

    pub fn end(&mut self) {
        self.lasts = false;
        if self.reported {
            say("accepting connections again");
        }
    }
}
