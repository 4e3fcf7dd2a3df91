//! An echo server with nix: its epoll type, edge-triggered, both directions registered once.

use super::setup::{Setup, is_accepted, stop_signals};
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::socket::{MsgFlags, recv, send};
use std::io;
use std::net::TcpStream;
use std::os::fd::AsRawFd;

const LISTENER: u64 = u64::MAX;
const STOP: u64 = u64::MAX - 1;

/// After these a short read proves nothing: the end of the stream may follow the data.
const ENDING: EpollFlags =
    EpollFlags::EPOLLRDHUP.union(EpollFlags::EPOLLHUP).union(EpollFlags::EPOLLERR);

struct Connection {
    stream: TcpStream,
    /// What the peer was too slow to take. Until it is sent, nothing is read.
    pending: Vec<u8>,
}

/// Connections by their descriptors.
type Connections = Vec<Option<Connection>>;

/// Serves until SIGTERM or SIGINT.
pub fn serve(setup: Setup) -> io::Result<()> {
    let stop = stop_signals()?;
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    epoll.add(&setup.listener, EpollEvent::new(EpollFlags::EPOLLIN, LISTENER))?;
    epoll.add(&stop, EpollEvent::new(EpollFlags::EPOLLIN, STOP))?;
    let mut connections = Connections::new();
    let mut buffer = vec![0; setup.buffer];
    let mut events = [EpollEvent::empty(); 256];
    loop {
        let ready = match epoll.wait(&mut events, EpollTimeout::NONE) {
            Ok(ready) => ready,
            Err(Errno::EINTR) => continue,
            Err(error) => return Err(error.into()),
        };
        for event in &events[..ready] {
            match event.data() {
                STOP => return Ok(()),
                LISTENER => accept(&setup, &epoll, &mut connections)?,
                fd => {
                    let place = &mut connections[fd as usize];
                    // Closed in this round, maybe: then its place is empty.
                    let Some(connection) = place else { continue };
                    let ending = event.events().intersects(ENDING);
                    if connection.turn(&mut buffer, ending).is_err() {
                        *place = None;
                    }
                }
            }
        }
    }
}

fn accept(setup: &Setup, epoll: &Epoll, connections: &mut Connections) -> io::Result<()> {
    loop {
        let stream = match setup.listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) if is_accepted(&error) => continue,
            Err(error) => return Err(error),
        };
        stream.set_nonblocking(true)?;
        let place = stream.as_raw_fd() as usize;
        let interest = EpollFlags::EPOLLIN
            | EpollFlags::EPOLLOUT
            | EpollFlags::EPOLLRDHUP
            | EpollFlags::EPOLLET;
        epoll.add(&stream, EpollEvent::new(interest, place as u64))?;
        if connections.len() <= place {
            connections.resize_with(place + 1, || None);
        }
        connections[place] = Some(Connection { stream, pending: Vec::new() });
    }
}

impl Connection {
    /// Echoes until nothing is left to read or the peer takes no more. An error: it has ended.
    fn turn(&mut self, buffer: &mut [u8], ending: bool) -> Result<(), Errno> {
        let fd = self.stream.as_raw_fd();
        loop {
            if !self.pending.is_empty() {
                let sent = try_send(fd, &self.pending)?;
                self.pending.drain(..sent);
                if !self.pending.is_empty() {
                    return Ok(());
                }
                self.pending = Vec::new();
            }
            let got = match recv(fd, buffer, MsgFlags::empty()) {
                Ok(0) => return Err(Errno::EPIPE),
                Ok(got) => got,
                Err(Errno::EAGAIN) => return Ok(()),
                Err(error) => return Err(error),
            };
            let sent = try_send(fd, &buffer[..got])?;
            self.pending.extend_from_slice(&buffer[sent..got]);
            if got < buffer.len() && self.pending.is_empty() && !ending {
                return Ok(()); // Drained: epoll(7), question 9.
            }
        }
    }
}

/// Sends what can be sent now: 0 if nothing.
fn try_send(fd: i32, bytes: &[u8]) -> Result<usize, Errno> {
    match send(fd, bytes, MsgFlags::MSG_NOSIGNAL) {
        Err(Errno::EAGAIN) => Ok(0),
        result => result,
    }
}
