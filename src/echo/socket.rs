//! What the standard library does not say of a socket.

use libc::{c_int, c_ulong};
use std::io;
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd};

/// The longest backlog that the kernel may grant.
pub const BACKLOG: usize = libc::SOMAXCONN as usize;

/// A listener ready for this server: non-blocking, the whole backlog, SO_REUSEADDR, TCP_NODELAY,
/// urgent bytes inline; and where others may listen too, SO_REUSEPORT, which the standard library
/// has no way to set before it binds.
///
/// Accepted sockets inherit the options: the kernel clones the listening socket
/// (`net/ipv4/tcp_minisocks.c`, `tcp_create_openreq_child`).
pub fn listen(address: SocketAddr, reuse_port: bool) -> io::Result<TcpListener> {
    let (family, address) = match address {
        SocketAddr::V4(address) => (libc::AF_INET, Address { v4: ipv4(address) }),
        SocketAddr::V6(address) => (libc::AF_INET6, Address { v6: ipv6(address) }),
    };
    let length = match family {
        libc::AF_INET => size_of::<libc::sockaddr_in>(),
        _ => size_of::<libc::sockaddr_in6>(),
    };
    let kind = libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: takes integers only.
    let fd = check(unsafe { libc::socket(family, kind, 0) })?;
    // SAFETY: the kernel has just made it for us.
    let listener = unsafe { TcpListener::from_raw_fd(fd) };
    enable(&listener, libc::SOL_SOCKET, libc::SO_REUSEADDR)?;
    enable(&listener, libc::SOL_SOCKET, libc::SO_OOBINLINE)?;
    enable(&listener, libc::IPPROTO_TCP, libc::TCP_NODELAY)?;
    if reuse_port {
        enable(&listener, libc::SOL_SOCKET, libc::SO_REUSEPORT)?;
    }
    let length = length as libc::socklen_t;
    // SAFETY: the address lives through the call, and has so many bytes.
    check(unsafe { libc::bind(fd, (&raw const address).cast(), length) })?;
    // SAFETY: takes integers only.
    check(unsafe { libc::listen(fd, libc::SOMAXCONN) })?;
    Ok(listener)
}

/// What bind(2) takes, by family.
#[repr(C)]
union Address {
    v4: libc::sockaddr_in,
    v6: libc::sockaddr_in6,
}

fn ipv4(address: SocketAddrV4) -> libc::sockaddr_in {
    libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: address.port().to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(address.ip().octets()) },
        sin_zero: [0; 8],
    }
}

fn ipv6(address: SocketAddrV6) -> libc::sockaddr_in6 {
    libc::sockaddr_in6 {
        sin6_family: libc::AF_INET6 as libc::sa_family_t,
        sin6_port: address.port().to_be(),
        sin6_flowinfo: address.flowinfo(),
        sin6_addr: libc::in6_addr { s6_addr: address.ip().octets() },
        sin6_scope_id: address.scope_id(),
    }
}

/// Whether a connection waits to be accepted.
pub fn client_waits(listener: &TcpListener) -> bool {
    let mut listening = libc::pollfd { fd: listener.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one pollfd, which lives through the call.
    unsafe { libc::poll(&raw mut listening, 1, 0) == 1 }
}

/// How many bytes wait to be read: all of them are acknowledged to the peer.
pub fn unread(stream: &TcpStream) -> usize {
    count(stream, libc::FIONREAD as c_ulong)
}

/// How many sent bytes the peer has not acknowledged; the end of the stream counts as one.
pub fn unacknowledged(stream: &TcpStream) -> usize {
    // SIOCOUTQ has the number of TIOCOUTQ (`include/uapi/linux/sockios.h`).
    count(stream, libc::TIOCOUTQ as c_ulong)
}

fn count(stream: &TcpStream, request: c_ulong) -> usize {
    let mut bytes: c_int = 0;
    // SAFETY: both requests write one int, which lives through the call (tcp(7)).
    let result = unsafe { libc::ioctl(stream.as_raw_fd(), request as _, &raw mut bytes) };
    if result == 0 { usize::try_from(bytes).unwrap_or(0) } else { 0 }
}

fn enable(listener: &TcpListener, level: c_int, option: c_int) -> io::Result<()> {
    let on: c_int = 1;
    let size = size_of::<c_int>() as libc::socklen_t;
    // SAFETY: the int lives through the call, and its size is given.
    check(unsafe {
        libc::setsockopt(listener.as_raw_fd(), level, option, (&raw const on).cast(), size)
    })?;
    Ok(())
}

fn check(result: c_int) -> io::Result<c_int> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
