//! One connection: its turn, its unsent rest, its interest.
//!
//! All connections read into one shared buffer. A connection has memory of its own only while its
//! peer is slow: what could not be sent, at most [`BUFFER_SIZE`] bytes. Until that is sent nothing
//! is read from it. An edge is not repeated, so [`Connection::readable`] remembers it until a read
//! has proved that everything was taken.

use crate::say;
use crate::slab::Key;
use crate::socket;
use epshim::{Epoll, EventFlags};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};

/// What one read takes at most, and so what one connection can own.
pub const BUFFER_SIZE: usize = 256 * 1024;

/// While something waits to be sent nothing is read, so that no other edge is of use.
const READING: EventFlags =
    EventFlags::IN.union(EventFlags::PRI).union(EventFlags::RDHUP).union(EventFlags::ET);
const WRITING: EventFlags = EventFlags::OUT.union(EventFlags::ET);

/// After these a short read proves nothing: the end or an error follows the data, or the kernel
/// stopped reading at the urgent mark (`net/ipv4/tcp.c`, `tcp_recvmsg_locked`).
const READ_ON: EventFlags =
    EventFlags::RDHUP.union(EventFlags::HUP).union(EventFlags::ERR).union(EventFlags::PRI);

/// What the connections share.
pub struct Shared {
    /// What is read goes here.
    pub buffer: Box<[u8]>,
    /// Bytes echoed since the start.
    pub echoed: u64,
    /// Bytes that will never be echoed.
    pub lost: u64,
}

/// After a turn.
pub enum Next {
    /// Nothing to do until epoll says so.
    Wait,
    /// Not done: another turn in the next round.
    Again,
    /// The connection has ended.
    End,
}

/// A connection of the server.
pub struct Connection {
    stream: TcpStream,
    /// As registered.
    interest: EventFlags,
    /// Not drained: no edge will tell of what is there already.
    readable: bool,
    /// A short read does not prove a drain.
    read_on: bool,
    /// On the ready list. The server's own mark.
    pub queued: bool,
    /// Everything is sent and shut down; what comes is discarded.
    lingering: bool,
    /// What could not be sent, from `pending_start` on.
    pending: Vec<u8>,
    pending_start: usize,
    /// During the stop: bytes that are still to be read and echoed.
    left: Option<usize>,
    /// Bytes that the peer had not acknowledged at the last sweep.
    unacknowledged: usize,
    /// Sweeps without progress.
    silent: u32,
}

impl Connection {
    pub fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            interest: READING,
            readable: false,
            read_on: false,
            queued: false,
            lingering: false,
            pending: Vec::new(),
            pending_start: 0,
            left: None,
            unacknowledged: 0,
            silent: 0,
        }
    }

    pub fn register(&self, epoll: &Epoll, key: Key) -> io::Result<()> {
        epoll.add(&self.stream, self.interest, key.data())
    }

    /// Remembers what a delivery says.
    pub fn note(&mut self, events: EventFlags) {
        self.readable |= events.intersects(EventFlags::IN | READ_ON);
        self.read_on |= events.intersects(READ_ON);
    }

    /// From now on only what our kernel has already acknowledged is read and echoed.
    pub fn limit(&mut self) {
        self.left = Some(socket::unread(&self.stream));
        self.readable = true;
        self.read_on = true;
    }

    /// One turn: a bounded amount of work.
    pub fn turn(&mut self, shared: &mut Shared, epoll: &Epoll, key: Key) -> Next {
        if self.work(shared).is_err() {
            return Next::End;
        }
        if let Err(error) = self.update_interest(epoll, key) {
            say(format_args!("a connection is closed, its interest cannot be changed: {error}"));
            return Next::End;
        }
        if self.readable && self.pending.is_empty() { Next::Again } else { Next::Wait }
    }

    /// One flush, one read, one write. The end of the stream is an error of this kind, too.
    fn work(&mut self, shared: &mut Shared) -> io::Result<()> {
        self.flush(shared)?;
        let wanted = self.lingering || self.left != Some(0);
        if self.readable && wanted && self.pending.is_empty() {
            self.read_once(shared)?;
        }
        if self.pending.is_empty() && self.left == Some(0) && !self.lingering {
            // A close now could reset the connection and destroy what is on its way to the peer:
            // only after the peer's own end of stream it cannot.
            self.stream.shutdown(Shutdown::Write)?;
            self.lingering = true;
            self.readable = true;
        }
        Ok(())
    }

    /// Sends of the pending rest what can be sent.
    fn flush(&mut self, shared: &mut Shared) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let sent = send(&self.stream, &self.pending[self.pending_start..])?;
        self.sent(shared, sent);
        self.pending_start += sent;
        if self.pending_start == self.pending.len() {
            self.pending = Vec::new();
            self.pending_start = 0;
        }
        Ok(())
    }

    /// Reads once, and echoes or discards.
    fn read_once(&mut self, shared: &mut Shared) -> io::Result<()> {
        let left = if self.lingering { None } else { self.left };
        let room = left.map_or(BUFFER_SIZE, |left| left.min(BUFFER_SIZE));
        let got = match retry(|| (&self.stream).read(&mut shared.buffer[..room])) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(got) => got,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.readable = false;
                self.read_on = false;
                self.left = self.left.map(|_| 0);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        if got < room && !self.read_on {
            self.readable = false; // Drained: epoll(7), question 9.
        }
        if self.lingering {
            return Ok(());
        }
        self.left = left.map(|left| left - got);
        self.echo(shared, got)
    }

    /// Sends back `size` bytes of the shared buffer; keeps a copy of what cannot be sent now.
    fn echo(&mut self, shared: &mut Shared, size: usize) -> io::Result<()> {
        let sent = send(&self.stream, &shared.buffer[..size])?;
        self.sent(shared, sent);
        let rest = &shared.buffer[sent..size];
        if self.pending.try_reserve_exact(rest.len()).is_err() {
            let lost = rest.len();
            say(format_args!("out of memory: a connection is closed and {lost} bytes are lost"));
            shared.lost += lost as u64;
            return Err(ErrorKind::OutOfMemory.into());
        }
        self.pending.extend_from_slice(rest);
        Ok(())
    }

    fn sent(&mut self, shared: &mut Shared, bytes: usize) {
        shared.echoed += bytes as u64;
        if bytes > 0 {
            self.silent = 0;
        }
    }

    /// Registers another interest if it has to change. The kernel then reads the readiness anew
    /// (epoll(7), question 8): no edge is lost between the last read or write and this.
    fn update_interest(&mut self, epoll: &Epoll, key: Key) -> io::Result<()> {
        let wanted = if self.pending.is_empty() { READING } else { WRITING };
        if wanted != self.interest {
            epoll.modify(&self.stream, wanted, key.data())?;
            self.interest = wanted;
        }
        Ok(())
    }

    /// For a sweep during the stop: how many sweeps the peer has taken nothing.
    pub fn count_silence(&mut self) -> u32 {
        let before = self.unacknowledged;
        self.unacknowledged = socket::unacknowledged(&self.stream);
        self.silent = if self.unacknowledged < before { 0 } else { self.silent + 1 };
        self.silent
    }

    /// Bytes that the peer should get and has not: ours, and those its kernel did not acknowledge.
    pub fn unsent(&self) -> u64 {
        let unacknowledged = socket::unacknowledged(&self.stream);
        let end_of_stream = usize::from(self.lingering);
        let pending = self.pending.len() - self.pending_start;
        let unread = self.left.unwrap_or(0);
        (pending + unread + unacknowledged.saturating_sub(end_of_stream)) as u64
    }
}

/// Sends what can be sent now: 0 if nothing. std sends with MSG_NOSIGNAL.
fn send(mut stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    match retry(|| stream.write(bytes)) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        result => result,
    }
}

fn retry<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
