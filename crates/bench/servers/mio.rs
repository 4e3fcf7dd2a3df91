//! An echo server with mio, which is edge-triggered: both directions registered once.

use super::setup::{Setup, stop_signals};
use mio::net::{TcpListener, TcpStream};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsRawFd;

const LISTENER: Token = Token(usize::MAX);
const STOP: Token = Token(usize::MAX - 1);

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
    let mut poll = Poll::new()?;
    let mut listener = TcpListener::from_std(setup.listener);
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    poll.registry().register(&mut SourceFd(&stop.as_raw_fd()), STOP, Interest::READABLE)?;
    let mut connections = Connections::new();
    let mut buffer = vec![0; setup.buffer];
    let mut events = Events::with_capacity(256);
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }
        for event in &events {
            match event.token() {
                STOP => return Ok(()),
                LISTENER => accept(&listener, &poll, &mut connections)?,
                Token(fd) => {
                    let place = &mut connections[fd];
                    // Closed in this round, maybe: then its place is empty.
                    let Some(connection) = place else { continue };
                    // After these a short read proves nothing: the end may follow the data.
                    let ending = event.is_read_closed() || event.is_error();
                    if connection.turn(&mut buffer, ending).is_err() {
                        *place = None;
                    }
                }
            }
        }
    }
}

fn accept(listener: &TcpListener, poll: &Poll, connections: &mut Connections) -> io::Result<()> {
    loop {
        let mut stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) if super::setup::is_accepted(&error) => continue,
            Err(error) => return Err(error),
        };
        let place = stream.as_raw_fd() as usize;
        let both = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(&mut stream, Token(place), both)?;
        if connections.len() <= place {
            connections.resize_with(place + 1, || None);
        }
        connections[place] = Some(Connection { stream, pending: Vec::new() });
    }
}

impl Connection {
    /// Echoes until nothing is left to read or the peer takes no more. An error: it has ended.
    fn turn(&mut self, buffer: &mut [u8], ending: bool) -> io::Result<()> {
        loop {
            if !self.pending.is_empty() {
                let sent = try_write(&mut self.stream, &self.pending)?;
                self.pending.drain(..sent);
                if !self.pending.is_empty() {
                    return Ok(());
                }
                self.pending = Vec::new();
            }
            let got = match self.stream.read(buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(got) => got,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            let sent = try_write(&mut self.stream, &buffer[..got])?;
            self.pending.extend_from_slice(&buffer[sent..got]);
            if got < buffer.len() && self.pending.is_empty() && !ending {
                return Ok(()); // Drained: epoll(7), question 9.
            }
        }
    }
}

/// Writes what can be written now: 0 if nothing.
fn try_write(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
    match stream.write(bytes) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        result => result,
    }
}
