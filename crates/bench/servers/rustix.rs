//! An echo server with rustix: its epoll functions, edge-triggered, both directions registered once.

use super::setup::{Setup, stop_signals};
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, SocketFlags, accept_with, recv, send};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};

const LISTENER: u64 = u64::MAX;
const STOP: u64 = u64::MAX - 1;

/// After these a short read proves nothing: the end of the stream may follow the data.
const ENDING: EventFlags = EventFlags::RDHUP.union(EventFlags::HUP).union(EventFlags::ERR);

struct Connection {
    socket: OwnedFd,
    /// What the peer was too slow to take. Until it is sent, nothing is read.
    pending: Vec<u8>,
}

/// Connections by their descriptors.
type Connections = Vec<Option<Connection>>;

/// Serves until SIGTERM or SIGINT.
pub fn serve(setup: Setup) -> io::Result<()> {
    let stop = stop_signals()?;
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, &setup.listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
    epoll::add(&epoll, &stop, EventData::new_u64(STOP), EventFlags::IN)?;
    let mut connections = Connections::new();
    let mut buffer = vec![0; setup.buffer];
    let mut events = [MaybeUninit::uninit(); 256];
    loop {
        let ready = match epoll::wait(&epoll, &mut events, None) {
            Ok((ready, _)) => ready,
            Err(Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        };
        for event in ready {
            match event.data.u64() {
                STOP => return Ok(()),
                LISTENER => accept(&setup, &epoll, &mut connections)?,
                fd => {
                    let place = &mut connections[fd as usize];
                    // Closed in this round, maybe: then its place is empty.
                    let Some(connection) = place else { continue };
                    let ending = { event.flags }.intersects(ENDING);
                    if connection.turn(&mut buffer, ending).is_err() {
                        *place = None;
                    }
                }
            }
        }
    }
}

fn accept(setup: &Setup, epoll: &OwnedFd, connections: &mut Connections) -> io::Result<()> {
    loop {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = match accept_with(&setup.listener, flags) {
            Ok(socket) => socket,
            Err(Errno::AGAIN) => return Ok(()),
            Err(Errno::CONNABORTED | Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        };
        let place = socket.as_raw_fd() as usize;
        let interest = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        epoll::add(epoll, &socket, EventData::new_u64(place as u64), interest)?;
        if connections.len() <= place {
            connections.resize_with(place + 1, || None);
        }
        connections[place] = Some(Connection { socket, pending: Vec::new() });
    }
}

impl Connection {
    /// Echoes until nothing is left to read or the peer takes no more. An error: it has ended.
    fn turn(&mut self, buffer: &mut [u8], ending: bool) -> Result<(), Errno> {
        loop {
            if !self.pending.is_empty() {
                let sent = try_send(&self.socket, &self.pending)?;
                self.pending.drain(..sent);
                if !self.pending.is_empty() {
                    return Ok(());
                }
                self.pending = Vec::new();
            }
            let got = match recv(&self.socket, &mut *buffer, RecvFlags::empty()) {
                Ok((0, _)) => return Err(Errno::PIPE),
                Ok((got, _)) => got,
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error),
            };
            let sent = try_send(&self.socket, &buffer[..got])?;
            self.pending.extend_from_slice(&buffer[sent..got]);
            if got < buffer.len() && self.pending.is_empty() && !ending {
                return Ok(()); // Drained: epoll(7), question 9.
            }
        }
    }
}

/// Sends what can be sent now: 0 if nothing.
fn try_send(socket: &OwnedFd, bytes: &[u8]) -> Result<usize, Errno> {
    match send(socket, bytes, SendFlags::NOSIGNAL) {
        Err(Errno::AGAIN) => Ok(0),
        result => result,
    }
}
