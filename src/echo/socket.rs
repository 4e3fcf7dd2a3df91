//! What the standard library does not say of a socket.

use libc::{c_int, c_ulong};
use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;

/// The longest backlog that the kernel may grant.
pub const BACKLOG: usize = libc::SOMAXCONN as usize;

/// Makes a listener ready for this server: the whole backlog, TCP_NODELAY, urgent bytes inline.
///
/// Accepted sockets inherit both options: the kernel clones the listening socket
/// (`net/ipv4/tcp_minisocks.c`, `tcp_create_openreq_child`). A second listen(2) only changes the
/// backlog (`net/ipv4/af_inet.c`, `inet_listen`).
pub fn prepare(listener: &TcpListener) -> io::Result<()> {
    enable(listener, libc::IPPROTO_TCP, libc::TCP_NODELAY)?;
    enable(listener, libc::SOL_SOCKET, libc::SO_OOBINLINE)?;
    // SAFETY: takes integers only; the listener is open.
    check(unsafe { libc::listen(listener.as_raw_fd(), libc::SOMAXCONN) })
}

/// Whether a connection waits to be accepted.
pub fn somebody_waits(listener: &TcpListener) -> bool {
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
    })
}

fn check(result: c_int) -> io::Result<()> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
