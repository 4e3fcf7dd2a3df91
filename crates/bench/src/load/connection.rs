//! One connection of the load: what it may send, what it has sent, what came back.
//!
//! The calls of every message go through rustix and are inlined into the loop: it makes them itself,
//! without a function of libc. On some processors the first `ret` after a system call costs 50 to
//! 250 ns (the kernel's way to guard its own returns leaves nothing to predict it from), and the load
//! has to be cheaper than the servers.

use super::pattern::{Pattern, WHOLE};
use super::shared::Shared;
use libc::c_int;
use rustix::event::epoll;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags, recv, send, sendmsg};
use std::io::{self, IoSlice};
use std::mem::size_of;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

/// Messages under way, at most.
pub const MAX_DEPTH: usize = 16;
/// Pieces in one call, at most: half a mebibyte.
const MAX_PIECES: usize = 64;
/// Connections from one source address: the local ports would not do for more at once.
pub const PER_ADDRESS: usize = 8192;

pub struct Connection {
    socket: OwnedFd,
    /// Where its walk through the pattern begins.
    start: u64,
    /// Bytes that may be sent, that were sent, that came back.
    allowed: u64,
    sent: u64,
    received: u64,
    /// Bytes of the last message that are still to come back.
    missing: usize,
    /// When the messages under way were allowed, a ring.
    times: [u64; MAX_DEPTH],
    first: usize,
    under_way: usize,
}

impl Connection {
    /// Connects, and registers itself under its number.
    pub fn open(
        address: SocketAddrV4,
        number: usize,
        first_source: u8,
        epfd: &OwnedFd,
    ) -> io::Result<Self> {
        let from = Ipv4Addr::new(127, 0, 0, first_source + (number / PER_ADDRESS) as u8);
        let socket = connect(from, address)?;
        // Both directions, once: an edge of either comes when it is needed.
        let both = epoll::EventFlags::IN | epoll::EventFlags::OUT | epoll::EventFlags::ET;
        epoll::add(epfd, &socket, epoll::EventData::new_u64(number as u64), both)?;
        Ok(Self {
            socket,
            start: Pattern::start(number),
            allowed: 0,
            sent: 0,
            received: 0,
            missing: 0,
            times: [0; MAX_DEPTH],
            first: 0,
            under_way: 0,
        })
    }

    /// Whether something has not come back.
    pub fn is_waiting(&self) -> bool {
        self.received < self.allowed
    }

    /// Sends the given number of further messages, as far as the socket takes them now.
    pub fn allow(&mut self, messages: usize, shared: &mut Shared) -> io::Result<()> {
        let now = shared.now();
        self.allow_at(messages, now, shared.shape.message);
        self.send(shared)
    }

    fn allow_at(&mut self, messages: usize, now: u64, size: usize) {
        if self.under_way == 0 {
            self.missing = size;
        }
        for _ in 0..messages {
            self.times[(self.first + self.under_way) % MAX_DEPTH] = now;
            self.under_way += 1;
        }
        self.allowed += (messages * size) as u64;
    }

    /// Receives what is there, compares it, and answers. One read takes it all: epoll(7), question 9.
    /// To read again could go on for ever, with a server that is just as fast, while others wait.
    #[inline(always)]
    pub fn turn(&mut self, shared: &mut Shared) -> io::Result<()> {
        if self.sent < self.allowed {
            self.send(shared)?;
        }
        if !self.is_waiting() {
            return Ok(());
        }
        let got = match recv(&self.socket, &mut shared.room[..], RecvFlags::empty()) {
            Ok((0, _)) => return Err(io::Error::other("the server closed it")),
            Ok((got, _)) => got,
            Err(Errno::AGAIN) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        self.compare(got, shared)?;
        self.complete(got, shared)
    }

    #[inline(always)]
    fn compare(&mut self, got: usize, shared: &Shared) -> io::Result<()> {
        let mut rest = &shared.room[..got];
        let mut is_same = self.received + got as u64 <= self.sent;
        for piece in shared.pattern.pieces(self.start + self.received, got) {
            let (compared, behind) = rest.split_at(piece.len());
            is_same &= compared == piece;
            rest = behind;
        }
        if !is_same {
            let place = self.received;
            return Err(io::Error::other(format!("wrong bytes, at {place} or behind")));
        }
        self.received += got as u64;
        Ok(())
    }

    /// Counts the messages that are whole now, and sends as many.
    #[inline(always)]
    fn complete(&mut self, mut got: usize, shared: &mut Shared) -> io::Result<()> {
        let now = shared.now();
        let mut whole = 0;
        while self.under_way > 0 && got >= self.missing {
            got -= self.missing;
            self.missing = shared.shape.message;
            shared.round_trips.add(now - self.times[self.first]);
            self.first = (self.first + 1) % MAX_DEPTH;
            self.under_way -= 1;
            whole += 1;
        }
        self.missing -= got;
        shared.completed += whole as u64;
        shared.total += whole as u64;
        if shared.running && whole > 0 {
            self.allow_at(whole, now, shared.shape.message);
            return self.send(shared);
        }
        Ok(())
    }

    #[inline(always)]
    fn send(&mut self, shared: &Shared) -> io::Result<()> {
        while self.sent < self.allowed {
            let size = (self.allowed - self.sent) as usize;
            let pieces = shared.pattern.pieces(self.start + self.sent, size);
            let sent = match send_pieces(&self.socket, pieces, size) {
                Ok(sent) => sent,
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            self.sent += sent as u64;
        }
        Ok(())
    }
}

/// Sends what the socket takes of these pieces. A small message is one piece.
#[inline(always)]
fn send_pieces<'a>(
    socket: &OwnedFd,
    mut pieces: impl Iterator<Item = &'a [u8]>,
    size: usize,
) -> Result<usize, Errno> {
    if size <= WHOLE {
        return send(socket, pieces.next().unwrap_or_default(), SendFlags::NOSIGNAL);
    }
    let mut slices = [IoSlice::new(&[]); MAX_PIECES];
    let mut count = 0;
    for (slice, piece) in slices.iter_mut().zip(pieces) {
        *slice = IoSlice::new(piece);
        count += 1;
    }
    sendmsg(socket, &slices[..count], &mut SendAncillaryBuffer::default(), SendFlags::NOSIGNAL)
}

fn connect(from: Ipv4Addr, to: SocketAddrV4) -> io::Result<OwnedFd> {
    let size = size_of::<libc::sockaddr_in>() as libc::socklen_t;
    let (from, to) = (socket_address(SocketAddrV4::new(from, 0)), socket_address(to));
    // SAFETY: no pointer is passed.
    let fd = unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0) };
    check(fd)?;
    // SAFETY: just made, and has no other owner.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    // The port is chosen by connect, which knows that only the pair of addresses has to be new.
    option(fd, libc::IPPROTO_IP, libc::IP_BIND_ADDRESS_NO_PORT)?;
    option(fd, libc::IPPROTO_TCP, libc::TCP_NODELAY)?;
    // SAFETY: both addresses live through the calls, and have the size that is named.
    unsafe {
        check(libc::bind(fd, (&raw const from).cast(), size))?;
        check(libc::connect(fd, (&raw const to).cast(), size))?;
        check(libc::fcntl(fd, libc::F_SETFL, libc::O_NONBLOCK))?;
    }
    Ok(socket)
}

fn option(fd: RawFd, level: c_int, name: c_int) -> io::Result<()> {
    let yes: c_int = 1;
    // SAFETY: the value is readable for its size.
    check(unsafe { libc::setsockopt(fd, level, name, (&raw const yes).cast(), 4) })
}

fn socket_address(address: SocketAddrV4) -> libc::sockaddr_in {
    libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: address.port().to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(address.ip().octets()) },
        sin_zero: [0; 8],
    }
}

fn check(result: c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
