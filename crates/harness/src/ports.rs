//! Ports of 127.0.0.1, and connections to them that wait no longer than a test may.

use crate::{LIMIT, wait_for};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

/// A port that was free a moment ago, for programs that cannot pick one themselves.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// A connection to a port of this machine, which a server may not have opened yet.
pub fn connect(port: u16) -> TcpStream {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let stream = wait_for(&format!("port {port}"), || TcpStream::connect(address).ok());
    with_limits(stream)
}

/// The connection, on which no read or write waits longer than the limit of a test.
pub fn with_limits(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(LIMIT)).expect("a socket takes a timeout");
    stream.set_write_timeout(Some(LIMIT)).expect("a socket takes a timeout");
    stream
}
