//! `/proc/PID/net/tcp`, `udp` and `unix`: sockets of a net namespace that cannot be entered.
//!
//! They have queues and states, but no age; of unix sockets not even queues.

use super::{decimal, hex, lines, words};
use crate::look::{Address, Protocol, Socket, State};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The sockets of `tcp`, `tcp6`, `udp` or `udp6`, with their inodes.
#[must_use]
pub fn internet(text: &[u8], protocol: Protocol) -> Vec<(u64, Socket)> {
    lines(text).skip(1).filter_map(|line| internet_line(line, protocol)).collect()
}

/// `sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode ...`.
fn internet_line(line: &[u8], protocol: Protocol) -> Option<(u64, Socket)> {
    let fields: Vec<&[u8]> = words(line).collect();
    let [_, local, local_port, peer, peer_port, state, sent, received, _, _, _, _, _, inode, ..] =
        fields[..]
    else {
        return None;
    };
    let state = State::of(u8::try_from(hex(state)?).ok()?);
    let (mut received, mut sent) = (hex(received)?, hex(sent)?);
    if state == State::Listen {
        // The backlog's length is not shown.
        (received, sent) = (received, 0);
    }
    let socket = Socket {
        protocol,
        state,
        receive_queue: u32::try_from(received).ok(),
        send_queue: u32::try_from(sent).ok().filter(|_| state != State::Listen),
        local: address(local, local_port)?,
        peer: address(peer, peer_port)?,
        ..Socket::default()
    };
    Some((decimal(inode)?, socket))
}

/// An address is words of 32 bits in the byte order of the machine, in hex.
fn address(ip: &[u8], port: &[u8]) -> Option<Address> {
    let port = u16::try_from(hex(port)?).ok()?;
    let word = |at: usize| Some((hex(ip.get(at..at + 8)?)? as u32).to_ne_bytes());
    let ip: IpAddr = match ip.len() {
        8 => Ipv4Addr::from(word(0)?).into(),
        32 => {
            let mut bytes = [0; 16];
            for part in 0..4 {
                bytes[part * 4..part * 4 + 4].copy_from_slice(&word(part * 8)?);
            }
            Ipv6Addr::from(bytes).into()
        }
        _ => return None,
    };
    Some(Address::Internet(SocketAddr::new(ip, port)))
}

/// The sockets of `unix`: `Num RefCount Protocol Flags Type St Inode Path`.
#[must_use]
pub fn unix(text: &[u8]) -> Vec<(u64, Socket)> {
    lines(text).skip(1).filter_map(unix_line).collect()
}

fn unix_line(line: &[u8]) -> Option<(u64, Socket)> {
    let mut words = words(line);
    let flags = hex(words.nth(3)?)?;
    let protocol = Protocol::of_unix(hex(words.next()?)?)?;
    let connected = hex(words.next()?)? == 3;
    let inode = decimal(words.next()?)?;
    let path = words.next().map(|path| String::from_utf8_lossy(path).into_owned());
    let local = path.map_or(Address::None, Address::Name);
    // SO_ACCEPTCON (include/linux/net.h).
    let state = match (flags & 1 << 16 != 0, connected) {
        (true, _) => State::Listen,
        (false, true) => State::Established,
        (false, false) => State::Other,
    };
    Some((inode, Socket { protocol, state, local, ..Socket::default() }))
}
