//! An echo server with polling, level-triggered: one read and one write a delivery, the interest
//! changed only while a peer is slow.

use super::setup::{Setup, is_accepted, stop_signals};
use polling::{Event, Events, PollMode, Poller};
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::num::NonZeroUsize;
use std::os::fd::AsRawFd;

// The largest key is polling's own.
const LISTENER: usize = usize::MAX - 1;
const STOP: usize = usize::MAX - 2;

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
    let poller = Poller::new()?;
    // SAFETY: both live as long as the poller: until the end of this function.
    unsafe {
        poller.add_with_mode(&setup.listener, Event::readable(LISTENER), PollMode::Level)?;
        poller.add_with_mode(stop.as_raw_fd(), Event::readable(STOP), PollMode::Level)?;
    }
    let mut connections = Connections::new();
    let mut buffer = vec![0; setup.buffer];
    let mut events = Events::with_capacity(NonZeroUsize::new(256).expect("not zero"));
    loop {
        events.clear();
        poller.wait(&mut events, None)?;
        for event in events.iter() {
            match event.key {
                STOP => return Ok(()),
                LISTENER => accept(&setup, &poller, &mut connections)?,
                fd => {
                    let place = &mut connections[fd];
                    // Closed in this round, maybe: then its place is empty.
                    let Some(connection) = place else { continue };
                    if connection.turn(&mut buffer, &poller).is_err() {
                        poller.delete(&connection.stream)?;
                        *place = None;
                    }
                }
            }
        }
    }
}

fn accept(setup: &Setup, poller: &Poller, connections: &mut Connections) -> io::Result<()> {
    loop {
        let stream = match setup.listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) if is_accepted(&error) => continue,
            Err(error) => return Err(error),
        };
        stream.set_nonblocking(true)?;
        let place = stream.as_raw_fd() as usize;
        // SAFETY: it is deleted before it is closed, in `serve`.
        unsafe { poller.add_with_mode(&stream, Event::readable(place), PollMode::Level)? };
        if connections.len() <= place {
            connections.resize_with(place + 1, || None);
        }
        connections[place] = Some(Connection { stream, pending: Vec::new() });
    }
}

impl Connection {
    /// One write, or one read and one write. An error: it has ended.
    fn turn(&mut self, buffer: &mut [u8], poller: &Poller) -> io::Result<()> {
        let place = self.stream.as_raw_fd() as usize;
        if !self.pending.is_empty() {
            let sent = try_write(&mut self.stream, &self.pending)?;
            self.pending.drain(..sent);
            if self.pending.is_empty() {
                self.pending = Vec::new();
                let reading = Event::readable(place);
                poller.modify_with_mode(&self.stream, reading, PollMode::Level)?;
            }
            return Ok(());
        }
        let got = match self.stream.read(buffer) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(got) => got,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        let sent = try_write(&mut self.stream, &buffer[..got])?;
        if sent < got {
            self.pending.extend_from_slice(&buffer[sent..got]);
            poller.modify_with_mode(&self.stream, Event::writable(place), PollMode::Level)?;
        }
        Ok(())
    }
}

/// Writes what can be written now: 0 if nothing.
fn try_write(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
    match stream.write(bytes) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        result => result,
    }
}
