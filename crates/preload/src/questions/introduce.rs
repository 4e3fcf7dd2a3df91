//! What the descriptors of a finding are open on, asked when the finding is made: never while the program
//! calls.
//!
//! Each question is asked under an announcement, as all questions about the program's descriptors are
//! (`hazard.rs`). Where a sandbox lets a question not pass, or the number is closed, nothing is said.
//!
//! Surprising: the number may name another file by now than when the call was made that the finding is
//! about. Of a descriptor that the program was seen to close nothing is asked at all.

use crate::questions::descriptor::{self, file, with_whole_name};
use crate::questions::fd::FdNumber;
use crate::questions::hazard;
use crate::runtime::sandbox::{self, Call};
use epshim_check::{Finding, Role};
use epshim_report::Descriptor;
use epshim_report::descriptor::{Connection, Side, What, tcp_state};
use epshim_report::printable;
use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SocketAddrAny, SocketAddrUnix, getpeername, getsockname, sockopt,
};
use std::ffi::c_int;
use std::net::SocketAddr;

/// Numbers among which a listener or the other end of a pipe is sought.
const SOUGHT_AMONG: c_int = 1024;

/// The descriptors of a finding. Within the announcement under which the finding was confirmed, nothing is
/// said of what was closed since.
pub fn of(finding: &Finding) -> Vec<Descriptor> {
    if !sandbox::may(Call::Descriptors) || !sandbox::may(Call::Sleep) {
        return Vec::new();
    }
    let _announcement = hazard::announce();
    let was_closed = finding.sites.iter().any(|&(role, _)| role == Role::ClosedBy);
    let epoll = what(finding.epfd).filter(|what| *what != What::Epoll);
    let watched = (!was_closed).then(|| what(finding.fd)).flatten();
    let both = [(finding.epfd, epoll), (finding.fd, watched)];
    both.into_iter().filter_map(|(fd, what)| Some(Descriptor { fd, what: what? })).collect()
}

fn what(fd: c_int) -> Option<What> {
    match hazard::ask(fd, itself)?? {
        What::Pipe { is_read_end, .. } => {
            Some(What::Pipe { is_read_end, other_end: other_end(fd, is_read_end) })
        }
        What::Tcp(connection) => {
            let opened_by = opened_by(&connection);
            Some(What::Tcp(Connection { opened_by, ..connection }))
        }
        what => Some(what),
    }
}

/// What one descriptor says of itself.
fn itself(fd: c_int) -> Option<What> {
    let number = FdNumber::new(fd)?;
    let stat = fstat(number).ok()?;
    let kind = FileType::from_raw_mode(stat.st_mode);
    if kind == FileType::Socket {
        return socket(number);
    }
    let name = with_whole_name(fd, |name| printable::utf8(name).into_owned())?;
    if let Some(name) = name.strip_prefix("anon_inode:") {
        let name = name.trim_start_matches('[').trim_end_matches(']');
        return Some(match name {
            "eventpoll" => What::Epoll,
            name => What::Anonymous { name: name.to_owned() },
        });
    }
    if kind == FileType::Fifo && name.starts_with("pipe:") {
        return Some(What::Pipe { is_read_end: is_read_end(number), other_end: None });
    }
    Some(What::File { path: name })
}

fn is_read_end(number: FdNumber) -> bool {
    fcntl_getfl(number).is_ok_and(|flags| flags & OFlags::RWMODE == OFlags::RDONLY)
}

/// The other end of a pipe: both are one inode (pipe(7)).
fn other_end(fd: c_int, is_read: bool) -> Option<c_int> {
    let pipe = hazard::ask(fd, file)??;
    let is_other = |fd: c_int| {
        file(fd) == Some(pipe) && FdNumber::new(fd).is_some_and(|fd| is_read_end(fd) != is_read)
    };
    let others = (0..SOUGHT_AMONG).filter(|&other| other != fd);
    others.into_iter().find(|&fd| hazard::ask(fd, is_other) == Some(true))
}

fn socket(number: FdNumber) -> Option<What> {
    if !sandbox::may(Call::Addresses) {
        return None;
    }
    let local = getsockname(number).ok()?;
    let peer = getpeername(number).ok().flatten();
    let family = local.address_family();
    if family == AddressFamily::UNIX {
        let name = |end: Option<SocketAddrAny>| unix_name(&SocketAddrUnix::try_from(end?).ok()?);
        return Some(What::Unix { local: name(Some(local)), peer: name(peer) });
    }
    if family != AddressFamily::INET && family != AddressFamily::INET6 {
        return Some(What::Socket);
    }
    let state = descriptor::tcp_state(number.raw()).and_then(tcp_state);
    let is_tcp = state.is_some();
    let connection =
        Connection { local: internet(Some(local)), peer: internet(peer), state, opened_by: None };
    let is_udp = sockopt::socket_type(number) == Ok(rustix::net::SocketType::DGRAM);
    Some(match (is_tcp, is_udp) {
        (true, _) => What::Tcp(connection),
        (false, true) => What::Udp(connection),
        (false, false) => What::Socket,
    })
}

/// An address with a port; an IPv4 address in IPv6's clothes as what it is.
fn internet(end: Option<SocketAddrAny>) -> Option<SocketAddr> {
    let end: Result<SocketAddr, Errno> = end?.try_into();
    let end = end.ok().filter(|end| end.port() != 0)?;
    Some(SocketAddr::new(end.ip().to_canonical(), end.port()))
}

fn unix_name(end: &SocketAddrUnix) -> Option<String> {
    if let Some(path) = end.path_bytes().filter(|path| !path.is_empty()) {
        return Some(printable::utf8(path).into_owned());
    }
    let name = end.abstract_name().filter(|name| !name.is_empty())?;
    Some(format!("@{}", printable::utf8(name)))
}

/// Which side has opened a connection, as far as it can be told: one of the process's own listeners has its
/// port, or only one of both ports is such as the kernel gives out.
fn opened_by(connection: &Connection) -> Option<Side> {
    let (local, _) = (connection.local?.port(), connection.peer?);
    let listens = |fd: c_int| FdNumber::new(fd).is_some_and(|fd| listens_on(fd, local));
    if (0..SOUGHT_AMONG).any(|fd| hazard::ask(fd, listens) == Some(true)) {
        return Some(Side::Peer);
    }
    connection.opened_by_ports()
}

fn listens_on(number: FdNumber, port: u16) -> bool {
    sockopt::socket_acceptconn(number) == Ok(true)
        && internet(getsockname(number).ok()).is_some_and(|local| local.port() == port)
}
