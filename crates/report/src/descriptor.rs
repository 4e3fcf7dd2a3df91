//! What a descriptor of a finding is open on, in the words of a reader: an address, a path, the other end.
//!
//! The observer of the program has asked the kernel; here are only the answers, and how they are written.
//! Each descriptor is introduced once in a finding, and not at all where nothing is known of it.
//!
//! Surprising: the kernel does not say which side of a connection has opened it. A socket whose port one of
//! the process's own listeners has was accepted (`<-`); where neither is known, the arrow has two heads.

use core::net::SocketAddr;
use serde::{Serialize, Serializer};
use std::fmt;

/// A descriptor, introduced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// Its number.
    pub fd: i32,
    /// What it was open on when the finding was made.
    pub what: What,
}

/// What a descriptor is open on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum What {
    /// A TCP socket.
    Tcp(Connection),
    /// A UDP socket.
    Udp(Connection),
    /// A socket of this machine.
    Unix {
        /// Its own name, if it has one. A name that begins with `@` is abstract (unix(7)).
        local: Option<String>,
        /// Its peer's.
        peer: Option<String>,
    },
    /// A socket of another family.
    Socket,
    /// A pipe.
    Pipe {
        /// This end is for reading, and the other for writing.
        is_read_end: bool,
        /// The other end in the same process, if it is there.
        other_end: Option<i32>,
    },
    /// What has a path: a file, a folder, a FIFO, a device.
    File {
        /// The path.
        path: String,
    },
    /// An epoll.
    Epoll,
    /// An eventfd, timerfd, signalfd, inotify or the like.
    Anonymous {
        /// As the kernel calls it.
        name: String,
    },
}

/// The ends of a socket, as far as they are known.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Connection {
    /// The socket's own end.
    #[serde(serialize_with = "address")]
    pub local: Option<SocketAddr>,
    /// The other end.
    #[serde(serialize_with = "address")]
    pub peer: Option<SocketAddr>,
    /// The state that TCP has it in.
    pub state: Option<&'static str>,
    /// Which side has opened it.
    pub opened_by: Option<Side>,
}

/// The lowest port that the kernel gives to those who ask for none (ip(7), ip_local_port_range).
const FIRST_GIVEN_PORT: u16 = 32768;

impl Connection {
    /// Which side has opened it, as far as its ports tell: only one of both is such as the kernel gives out.
    #[must_use]
    pub fn opened_by_ports(&self) -> Option<Side> {
        let (local, peer) = (self.local?.port(), self.peer?.port());
        match (local >= FIRST_GIVEN_PORT, peer >= FIRST_GIVEN_PORT) {
            (true, false) => Some(Side::Local),
            (false, true) => Some(Side::Peer),
            _ => None,
        }
    }
}

/// A side of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// This process.
    Local,
    /// The other end.
    Peer,
}

/// The name of a state of TCP, as the kernel numbers it (include/net/tcp_states.h) and ss(8) writes it.
#[must_use]
pub fn tcp_state(number: u8) -> Option<&'static str> {
    const NAMES: [&str; 12] = [
        "ESTABLISHED",
        "SYN_SENT",
        "SYN_RECV",
        "FIN_WAIT1",
        "FIN_WAIT2",
        "TIME_WAIT",
        "CLOSE",
        "CLOSE_WAIT",
        "LAST_ACK",
        "LISTEN",
        "CLOSING",
        "NEW_SYN_RECV",
    ];
    NAMES.get(usize::from(number).checked_sub(1)?).copied()
}

fn address<S: Serializer>(end: &Option<SocketAddr>, serializer: S) -> Result<S::Ok, S::Error> {
    end.map(|end| end.to_string()).serialize(serializer)
}

impl fmt::Display for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fd {}: {}", self.fd, self.what)
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(connection) => write!(f, "TCP{connection}"),
            Self::Udp(connection) => write!(f, "UDP{connection}"),
            Self::Unix { local: Some(name), .. } => write!(f, "Unix socket {name}"),
            Self::Unix { peer: Some(name), .. } => write!(f, "Unix socket -> {name}"),
            Self::Unix { .. } => f.write_str("Unix socket without a name"),
            Self::Socket => f.write_str("socket"),
            Self::Pipe { is_read_end, other_end } => {
                let names = ["write end", "read end"];
                let (this, other) =
                    (names[usize::from(*is_read_end)], names[usize::from(!is_read_end)]);
                match other_end {
                    Some(fd) => write!(f, "pipe, {this}; fd {fd} is its {other}"),
                    None => write!(f, "pipe, {this}; its {other} is not open here"),
                }
            }
            Self::File { path } => f.write_str(path),
            Self::Epoll => f.write_str("epoll"),
            Self::Anonymous { name } => f.write_str(name),
        }
    }
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arrow = match self.opened_by {
            Some(Side::Local) => "->",
            Some(Side::Peer) => "<-",
            None => "<->",
        };
        match (self.local, self.peer) {
            (Some(local), Some(peer)) => write!(f, " {local} {arrow} {peer}")?,
            (Some(local), None) => write!(f, " {local}")?,
            (None, Some(peer)) => write!(f, " {arrow} {peer}")?,
            (None, None) => {}
        }
        self.state.map_or(Ok(()), |state| write!(f, ", {state}"))
    }
}
