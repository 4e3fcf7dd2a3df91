//! sock_diag(7): the questions to the kernel, and its answers, as bytes. What sends them is
//! [`gather`](crate::gather).
//!
//! The structures are those of linux/inet_diag.h, linux/unix_diag.h and linux/tcp.h, in the machine's byte
//! order; addresses and ports are in the network's. A netlink library would make a value of each attribute of
//! each socket of the machine; here all but the sockets that are asked for are passed over unread.
//!
//! Surprising: an answer may be of any length, and a kernel that is newer has longer structures: what is behind
//! their known end is passed over.

use crate::look::{Address, Protocol, Socket, State};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// SOCK_DIAG_BY_FAMILY.
const BY_FAMILY: u16 = 20;
/// TCPDIAG_GETSOCK: sockets of TCP, of both families in one walk through the kernel's table.
const BY_PROTOCOL: u16 = 18;
/// NLM_F_REQUEST | NLM_F_DUMP.
const DUMP: u16 = 0x301;
/// NLM_F_REQUEST.
const ONE: u16 = 1;
/// The size of what identifies a socket: how its message begins, family first, struct inet_diag_sockid last.
pub const ID: usize = 52;
const HEADER: usize = 16;
const ERROR: u16 = 2;
const DONE: u16 = 3;
/// All states but TIME_WAIT, NEW_SYN_RECV and SYN_RECV, of which no descriptor is open, and BOUND_INACTIVE (6.8), for
/// which the kernel walks through its ports too.
const STATES: u32 = !(1 << 6 | 1 << 12 | 1 << 3 | 1 << 13);

/// A dump that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dump {
    /// Sockets of TCP over IPv4 and IPv6.
    Tcp,
    /// Sockets of UDP.
    Udp,
    /// Sockets of UDP over IPv6.
    Udp6,
    /// Unix sockets.
    Unix,
}

impl Dump {
    /// All, those that servers have most of first.
    pub const ALL: [Self; 4] = [Self::Tcp, Self::Unix, Self::Udp, Self::Udp6];

    /// The dump that lists the sockets of a protocol, by the kernel's name (socket(7), `system.sockprotoname`).
    #[must_use]
    pub fn of(protocol: &str) -> Option<Self> {
        match protocol {
            "TCP" | "TCPv6" => Some(Self::Tcp),
            "UDP" => Some(Self::Udp),
            "UDPv6" => Some(Self::Udp6),
            _ if protocol.starts_with("UNIX") => Some(Self::Unix),
            _ => None,
        }
    }

    /// The question for all sockets; with `has_ages`, also for their ages, their counts and their room.
    #[must_use]
    pub fn request(self, has_ages: bool) -> Vec<u8> {
        self.question(DUMP, has_ages, &[0; ID])
    }

    /// The question for one socket of TCP, by what identifies it in the message that it was listed with.
    #[must_use]
    pub fn request_one(self, id: &[u8; ID]) -> Vec<u8> {
        self.question(ONE, true, id)
    }

    fn question(self, flags: u16, has_ages: bool, id: &[u8; ID]) -> Vec<u8> {
        // INET_DIAG_SKMEMINFO and INET_DIAG_INFO: the kernel writes a third less without.
        let extensions = if has_ages { 1 << 6 | 1 << 1 } else { 0 };
        let mut body = Vec::new();
        match self {
            // struct inet_diag_req; in a dump the family is not looked at.
            Self::Tcp => {
                body.extend([id[0], 0, 0, extensions]);
                body.extend(&id[4..]);
                body.extend(STATES.to_ne_bytes());
                body.extend([0; 4]);
            }
            // struct inet_diag_req_v2
            Self::Udp | Self::Udp6 => {
                let family = if self == Self::Udp { 2 } else { 10 };
                body.extend([family, 17, extensions, 0]);
                body.extend(STATES.to_ne_bytes());
                body.extend(&id[4..]);
            }
            // struct unix_diag_req: UDIAG_SHOW_NAME, PEER, RQLEN, MEMINFO.
            Self::Unix => {
                body.extend([1, 0, 0, 0]);
                body.extend(u32::MAX.to_ne_bytes());
                body.extend(0u32.to_ne_bytes());
                body.extend((1u32 | 4 | 16 | 32).to_ne_bytes());
                body.extend([0; 8]);
            }
        }
        let kind = if self == Self::Tcp { BY_PROTOCOL } else { BY_FAMILY };
        let mut message = Vec::with_capacity(HEADER + body.len());
        message.extend(((HEADER + body.len()) as u32).to_ne_bytes());
        message.extend(kind.to_ne_bytes());
        message.extend(flags.to_ne_bytes());
        message.extend([0; 8]);
        message.extend(body);
        message
    }

    const fn protocol(self) -> Protocol {
        match self {
            Self::Udp | Self::Udp6 => Protocol::Udp,
            _ => Protocol::Tcp,
        }
    }
}

/// How a part of an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// More follows.
    More,
    /// It was the last.
    Last,
    /// The kernel refused, with this errno; 0: the answer makes no sense.
    Refused(i32),
}

/// Reads a part of an answer: hands on the sockets whose inodes are wanted.
pub fn read(
    dump: Dump,
    bytes: &[u8],
    is_wanted: &dyn Fn(u64) -> bool,
    found: &mut dyn FnMut(u64, Socket, [u8; ID]),
) -> Part {
    let mut rest = bytes;
    while !rest.is_empty() {
        let (Some(length), Some(kind)) = (u32_at(rest, 0), u16_at(rest, 4)) else {
            return Part::Refused(0);
        };
        let length = length as usize;
        if length < HEADER || length > rest.len() {
            return Part::Refused(0);
        }
        let body = &rest[HEADER..length];
        match kind {
            DONE => return Part::Last,
            ERROR => {
                return Part::Refused(
                    u32_at(body, 0).map_or(0, |code| (code as i32).wrapping_neg()),
                );
            }
            BY_FAMILY | BY_PROTOCOL => {
                let socket = match dump {
                    Dump::Unix => unix(body, is_wanted),
                    _ => internet(body, dump.protocol(), is_wanted),
                };
                if let Some((inode, socket)) = socket {
                    let id = body.get(..ID).and_then(|id| id.try_into().ok());
                    found(inode, socket, id.unwrap_or([0; ID]));
                }
            }
            _ => {}
        }
        rest = &rest[length.next_multiple_of(4).min(rest.len())..];
    }
    Part::More
}

/// Whether a part belongs to a dump, so that another follows (NLM_F_MULTI).
#[must_use]
pub fn is_of_dump(bytes: &[u8]) -> bool {
    u16_at(bytes, 6).is_some_and(|flags| flags & 2 != 0)
}

/// `struct inet_diag_msg`, and attributes.
fn internet(
    body: &[u8],
    protocol: Protocol,
    is_wanted: &dyn Fn(u64) -> bool,
) -> Option<(u64, Socket)> {
    const SIZE: usize = 72;
    let inode = u64::from(u32_at(body, 68)?);
    if !is_wanted(inode) {
        return None;
    }
    let (family, state) = (*body.first()?, State::of(*body.get(1)?));
    let address = |ip: usize, port: usize| -> Option<Address> {
        let port = u16::from_be_bytes(body.get(port..port + 2)?.try_into().ok()?);
        Some(Address::Internet(SocketAddr::new(ip_at(body, ip, family)?, port)))
    };
    let mut socket = Socket {
        protocol,
        state,
        receive_queue: u32_at(body, 56),
        send_queue: u32_at(body, 60),
        local: address(8, 4)?,
        peer: address(24, 6)?,
        ..Socket::default()
    };
    attributes(&body[SIZE..], |kind, value| match kind {
        2 if protocol == Protocol::Tcp => tcp_info(value, &mut socket),
        7 => socket.send_buffer = u32_at(value, 12),
        _ => {}
    });
    Some((inode, socket))
}

/// `struct tcp_info`. Of a listener it has nothing of this kind.
fn tcp_info(info: &[u8], socket: &mut Socket) {
    if socket.is_listening() {
        return;
    }
    socket.since_data_ms = u32_at(info, 52);
    socket.since_ack_ms = u32_at(info, 56);
    socket.bytes_acked = u64_at(info, 120);
    socket.bytes_received = u64_at(info, 128);
}

/// `struct unix_diag_msg`, and attributes.
fn unix(body: &[u8], is_wanted: &dyn Fn(u64) -> bool) -> Option<(u64, Socket)> {
    const SIZE: usize = 16;
    let inode = u64::from(u32_at(body, 4)?);
    if !is_wanted(inode) {
        return None;
    }
    let protocol = Protocol::of_unix(u64::from(*body.get(1)?))?;
    let state = State::of(*body.get(2)?);
    let mut socket = Socket { protocol, state, ..Socket::default() };
    attributes(body.get(SIZE..)?, |kind, value| match kind {
        0 => socket.local = path(value),
        2 => socket.peer = u32_at(value, 0).map_or(Address::None, Address::Unix),
        4 => (socket.receive_queue, socket.send_queue) = (u32_at(value, 0), u32_at(value, 4)),
        5 => socket.send_buffer = u32_at(value, 12),
        6 => socket.shutdown = value.first().copied().unwrap_or(0),
        _ => {}
    });
    Some((inode, socket))
}

/// A path; one that begins with a zero byte is of the abstract kind, which is written with an `@`.
fn path(bytes: &[u8]) -> Address {
    Address::Name(match bytes.strip_prefix(b"\0") {
        Some(name) => format!("@{}", String::from_utf8_lossy(name)),
        None => String::from_utf8_lossy(bytes.strip_suffix(b"\0").unwrap_or(bytes)).into_owned(),
    })
}

/// Hands on each attribute: its type and its bytes.
fn attributes(mut rest: &[u8], mut each: impl FnMut(u16, &[u8])) {
    while let (Some(length), Some(kind)) = (u16_at(rest, 0), u16_at(rest, 2)) {
        let length = usize::from(length);
        let Some(value) = rest.get(4..length) else { return };
        each(kind, value);
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
}

fn ip_at(body: &[u8], at: usize, family: u8) -> Option<IpAddr> {
    let bytes: [u8; 16] = body.get(at..at + 16)?.try_into().ok()?;
    let [a, b, c, d, ..] = bytes;
    match family {
        2 => Some(Ipv4Addr::new(a, b, c, d).into()),
        10 => {
            let ip = Ipv6Addr::from(bytes);
            Some(ip.to_ipv4_mapped().map_or(ip.into(), IpAddr::from))
        }
        _ => None,
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_ne_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}
