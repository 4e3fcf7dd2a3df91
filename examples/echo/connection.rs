//! One connection: what it does with its socket in its turn, and what it could not send.
//!
//! All connections of a thread read into one shared buffer, where the messages of a round lie one behind
//! another until they are written. A connection has memory of its own only while its peer is slow: what
//! could not be sent, at most [`BUFFER_SIZE`] bytes. Until that is sent nothing is read from it.
//!
//! The surprising thing: an edge is not repeated, so [`Connection`] remembers that it is readable until a
//! read has proved that everything was taken.

use crate::process::{no_memory, say, unacknowledged, unread};
use epshim::EventFlags;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};

/// What one read takes at most, and so what one connection can own.
pub const BUFFER_SIZE: usize = 512 * 1024;
/// A peer that sends this much at once is probably still sending.
const STREAM_SIZE: usize = 32 * 1024;
const PAGE: usize = 4096;

/// Registered once. Each delivery says all that is the case, so that OUT comes with every IN: it
/// is news only to a connection with something pending.
pub const INTEREST: EventFlags = EventFlags::IN
    .union(EventFlags::OUT)
    .union(EventFlags::PRI)
    .union(EventFlags::RDHUP)
    .union(EventFlags::ET);

/// After these a short read proves nothing: the end or an error follows the data, or the kernel
/// stopped reading at the urgent mark (`net/ipv4/tcp.c`, `tcp_recvmsg_locked`).
const READ_ON: EventFlags =
    EventFlags::RDHUP.union(EventFlags::HUP).union(EventFlags::ERR).union(EventFlags::PRI);

/// No limit to what may be read: before the stop.
const NO_LIMIT: u32 = u32::MAX;

/// What the connections of a thread share.
pub struct Shared {
    /// The buffer, from a page's begin on: the kernel copies a stream faster into whole pages.
    bytes: Vec<u8>,
    start: usize,
    /// How much is packed at its front.
    pub packed: usize,
    /// Bytes echoed since the start.
    pub echoed: u64,
    /// Bytes that will never be echoed.
    pub lost: u64,
}

impl Shared {
    pub fn new() -> io::Result<Self> {
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(BUFFER_SIZE + PAGE).map_err(|_| no_memory())?;
        bytes.resize(BUFFER_SIZE + PAGE, 0);
        let start = bytes.as_ptr().align_offset(PAGE);
        Ok(Self { bytes, start, packed: 0, echoed: 0, lost: 0 })
    }
}

/// A connection of the server. It fits a cache line.
pub struct Connection {
    stream: TcpStream,
    /// Not drained: no edge will report what is there already.
    readable: bool,
    /// A short read does not prove a drain.
    read_on: bool,
    /// Everything is sent and shut down; what comes is discarded.
    lingering: bool,
    /// Sweeps without progress.
    silent: u8,
    /// Bytes that are still to be read and echoed.
    left: u32,
    /// Bytes that the peer had not acknowledged at the last sweep.
    unacknowledged: u32,
    /// What could not be sent, and how much of it was sent since.
    pending: Vec<u8>,
    pending_sent: usize,
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

impl Connection {
    pub fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            readable: false,
            read_on: false,
            lingering: false,
            silent: 0,
            left: NO_LIMIT,
            unacknowledged: 0,
            pending: Vec::new(),
            pending_sent: 0,
        }
    }

    /// Remembers what a delivery says. Returns whether there is something to do.
    pub fn note(&mut self, events: EventFlags) -> bool {
        self.readable |= events.intersects(EventFlags::IN | READ_ON);
        self.read_on |= events.intersects(READ_ON);
        if self.pending.is_empty() {
            self.readable
        } else {
            events.intersects(EventFlags::OUT | READ_ON)
        }
    }

    /// One turn: a bounded amount of work. Returns how much it has read behind what is packed, 0 if
    /// nothing. An error is the end of the connection, as is the end of the stream.
    pub fn turn(&mut self, shared: &mut Shared) -> io::Result<usize> {
        if !self.pending.is_empty() {
            self.flush(shared)?;
        }
        let wanted = self.lingering || self.left > 0;
        if self.readable && wanted && self.pending.is_empty() {
            self.read_message(shared)
        } else {
            Ok(0)
        }
    }

    /// Ends a turn: what it has read is sent, or pending. Returns whether it wants another turn.
    ///
    /// When everything of the limit is echoed it says so to the peer. A close now could reset the
    /// connection and destroy what is on its way to the peer: only after the peer's own end of stream it
    /// cannot.
    pub fn end_turn(&mut self) -> io::Result<bool> {
        if self.pending.is_empty() && self.left == 0 && !self.lingering {
            self.stream.shutdown(Shutdown::Write)?;
            self.lingering = true;
            self.readable = true;
        }
        Ok(self.readable && self.pending.is_empty())
    }

    /// Sends back a message, which lies in the buffer from `start` to `end`; keeps a copy of what cannot
    /// be sent now.
    pub fn echo(&mut self, shared: &mut Shared, start: usize, end: usize) -> io::Result<()> {
        let message = &shared.bytes[shared.start + start..shared.start + end];
        let sent = send(&self.stream, message)?;
        let rest = &message[sent..];
        if !rest.is_empty() {
            if self.pending.try_reserve_exact(rest.len()).is_err() {
                let lost = rest.len();
                shared.lost += lost as u64;
                say(format_args!(
                    "out of memory: a connection is closed and {lost} bytes are lost"
                ));
                return Err(no_memory());
            }
            self.pending.extend_from_slice(rest);
            self.pending_sent = 0;
        }
        self.count_sent(shared, sent);
        Ok(())
    }

    /// Sends of the pending rest what can be sent.
    fn flush(&mut self, shared: &mut Shared) -> io::Result<()> {
        let sent = send(&self.stream, &self.pending[self.pending_sent..])?;
        self.pending_sent += sent;
        if self.pending_sent == self.pending.len() {
            self.pending = Vec::new();
        }
        self.count_sent(shared, sent);
        Ok(())
    }

    fn count_sent(&mut self, shared: &mut Shared, bytes: usize) {
        shared.echoed += bytes as u64;
        if bytes > 0 {
            self.silent = 0;
        }
    }

    /// Reads behind what is packed. What has come behind a long piece of a stream, whose peer is probably
    /// still sending, is echoed in one with it, and the peer, too, can read it in one.
    fn read_message(&mut self, shared: &mut Shared) -> io::Result<usize> {
        let mut message = self.read_once(shared, shared.packed)?;
        let mut got = message;
        while got >= STREAM_SIZE && shared.packed + message < BUFFER_SIZE && self.left > 0 {
            got = self.read_once(shared, shared.packed + message).unwrap_or_else(|_| {
                // The next turn finds the end again.
                self.readable = true;
                self.read_on = true;
                0
            });
            message += got;
        }
        Ok(message)
    }

    /// Reads once, into the buffer from `at` on. Returns how much is to be echoed.
    fn read_once(&mut self, shared: &mut Shared, at: usize) -> io::Result<usize> {
        let limit = if self.lingering { NO_LIMIT } else { self.left };
        let size = (BUFFER_SIZE - at).min(limit as usize);
        let room = &mut shared.bytes[shared.start + at..][..size];
        let got = match retried(|| (&self.stream).read(room)) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(got) => got,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.readable = false;
                self.read_on = false;
                if self.left != NO_LIMIT {
                    self.left = 0;
                }
                return Ok(0);
            }
            Err(error) => return Err(error),
        };
        if got < size && !self.read_on {
            self.readable = false; // Drained: epoll(7), question 9.
        }
        if self.lingering {
            return Ok(0);
        }
        if self.left != NO_LIMIT {
            self.left -= got as u32;
        }
        Ok(got)
    }

    /// From now on only what our kernel has already acknowledged is read and echoed.
    pub fn limit(&mut self) {
        self.left = unread(&self.stream);
        self.readable = true;
        self.read_on = true;
    }

    /// For a sweep during the stop: how many sweeps the peer has taken nothing.
    pub fn count_silence(&mut self) -> u8 {
        let before = self.unacknowledged;
        self.unacknowledged = unacknowledged(&self.stream);
        self.silent = if self.unacknowledged < before { 0 } else { self.silent + 1 };
        self.silent
    }

    /// Bytes that the peer should get and has not: ours, and those its kernel did not acknowledge.
    pub fn unsent(&self) -> u64 {
        let unacknowledged = unacknowledged(&self.stream).saturating_sub(self.lingering.into());
        let unread = if self.left == NO_LIMIT { 0 } else { self.left };
        (self.pending.len() - self.pending_sent) as u64 + u64::from(unread + unacknowledged)
    }
}

/// Sends what can be sent now, 0 if nothing. The standard library's `write` is send(2), and `read` recv(2).
fn send(mut stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    match retried(|| stream.write(bytes)) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        result => result,
    }
}

/// Again, where a signal came between.
fn retried(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
