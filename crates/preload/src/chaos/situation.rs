//! What must be known of a descriptor before a fault is made of a call on it: the kernel is asked.
//!
//! Only where a fault is wanted: a question is a system call or two.

use crate::books::slots::{Table, slot};
use crate::chaos::books::Books;
use crate::questions::descriptor;
use crate::questions::fd::FdNumber;
use crate::runtime::signals;
use epshim_observe::fault::{Edge, Situation};
use epshim_observe::{Descriptors as _, Kind, bits};
use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat};
use rustix::net::sockopt::{self, Timeout};
use rustix::net::{AddressFamily, SocketType, getsockname};
use std::ffi::c_int;
use std::net::SocketAddr;

/// Flags with which a count means what it means without.
const PLAIN: c_int =
    libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL | libc::MSG_CMSG_CLOEXEC | libc::MSG_MORE;

/// TCP_CLOSE (include/net/tcp_states.h).
const CLOSED: u8 = 7;

/// The situation of a call on a descriptor that moves bytes.
pub fn of_bytes(books: &mut Books, fd: c_int, flags: c_int, is_output: bool) -> Situation {
    let kind = Table.kind(fd);
    let status = FdNumber::new(fd).and_then(|fd| fcntl_getfl(fd).ok());
    let asked = if is_output { bits::OUT } else { bits::IN };
    let ready = descriptor::readiness(fd, asked | bits::RDHUP).unwrap_or(bits::ERR);
    let ends = bits::HUP | bits::ERR | if is_output { 0 } else { bits::RDHUP };
    let edge = edge(books, fd);
    let known = books.known(fd);
    let has_ended = !is_output && known.as_ref().is_some_and(|known| known.has_ended);
    Situation {
        kind: if kind == Kind::Pipe && !is_fifo(fd) { Kind::Unknown } else { kind },
        is_nonblocking: flags & libc::MSG_DONTWAIT != 0
            || status.is_some_and(|status| status.contains(OFlags::NONBLOCK)),
        has_hung_up: ready & ends != 0 || has_ended,
        is_ready: ready & asked != 0,
        was_counted: known.is_some_and(|known| known.was_counted),
        is_special: flags & !PLAIN != 0,
        is_of_packets: status.is_none_or(|status| status.contains(OFlags::DIRECT)),
        edge,
        ..Situation::default()
    }
}

/// The situation of a connect to an address of this family.
pub fn of_connect(fd: c_int, family: u64) -> Situation {
    let domain = domain_of_stream(fd);
    let is_inet = matches!(domain, Some(AddressFamily::INET | AddressFamily::INET6))
        && domain.is_some_and(|domain| u64::from(domain.as_raw()) == family);
    Situation {
        kind: Kind::Stream,
        is_nonblocking: !descriptor::may_block(fd),
        is_unix: domain == Some(AddressFamily::UNIX),
        // One that is connected, or on its way, answers at once.
        is_tcp: is_inet && descriptor::tcp_state(fd) == Some(CLOSED),
        is_bound: FdNumber::new(fd).is_none_or(is_bound),
        is_interruptible: interruption(fd, true).is_some(),
        ..Situation::default()
    }
}

/// The family of a stream socket.
fn domain_of_stream(fd: c_int) -> Option<AddressFamily> {
    let fd = FdNumber::new(fd)?;
    let is_stream = sockopt::socket_type(fd) == Ok(SocketType::STREAM);
    is_stream.then(|| sockopt::socket_domain(fd).ok()).flatten()
}

/// Whether it has an address of this machine.
fn is_bound(fd: FdNumber) -> bool {
    let address = getsockname(fd).ok().and_then(|address| SocketAddr::try_from(address).ok());
    address.is_none_or(|address| !address.ip().is_unspecified())
}

/// What may interrupt a call that blocks: a signal, or 0: a timeout of the socket, with which SIGSTOP and SIGCONT
/// do (signal(7)). `None`: nothing.
pub fn interruption(fd: c_int, is_output: bool) -> Option<c_int> {
    let which = if is_output { Timeout::Send } else { Timeout::Recv };
    let has_timeout = || {
        let timeout = FdNumber::new(fd).and_then(|fd| sockopt::socket_timeout(fd, which).ok());
        timeout.flatten().is_some()
    };
    signals::interrupting().or_else(|| has_timeout().then_some(0))
}

/// A terminal is no pipe.
fn is_fifo(fd: c_int) -> bool {
    let stat = FdNumber::new(fd).and_then(|fd| fstat(fd).ok());
    stat.is_some_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Fifo)
}

/// How a descriptor is registered. Where an epoll has it that was not seen, its edges could not be armed again.
pub fn edge(books: &mut Books, fd: c_int) -> Edge {
    let seen = slot(fd).map_or(0, |slot| slot.get().registrations);
    let Some(known) = books.known(fd) else { return Edge::Unknown };
    let registrations = known.registrations.clone();
    let is_live = |epfd: c_int, generation: u32| {
        slot(epfd).is_some_and(|slot| slot.get().generation == generation && slot.get().is_epoll)
    };
    let is_complete = registrations.len() == seen as usize
        && registrations.iter().all(|one| is_live(one.epfd, one.generation));
    if !is_complete || registrations.is_empty() {
        return Edge::Unknown;
    }
    let mut found = Edge::Level;
    for one in registrations {
        let is_shared = books.epolls.get(&one.epfd).is_none_or(|epoll| epoll.is_shared);
        if one.events & bits::ET == 0 || one.events & bits::ONESHOT != 0 {
            continue;
        }
        if is_shared || one.events & bits::EXCLUSIVE != 0 {
            return Edge::Fixed;
        }
        found = Edge::Armable;
    }
    found
}
