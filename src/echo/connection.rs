//! One connection: its turn, its unsent rest.
//!
//! It is registered once, for both directions, and never again: no `epoll_ctl` but the one at
//! accept. All connections read into one shared buffer. Messages of one round are packed there one
//! behind another and then written all together, so that the kernel's code for reading stays in the
//! caches, and then that for writing; a read that fills the buffer some way is written at once,
//! while it is in the caches.
//!
//! A connection has memory of its own only while its peer is slow: what could not be sent, at most
//! [`BUFFER_SIZE`] bytes. Until that is sent nothing is read from it. An edge is not repeated, so
//! [`Connection::readable`] remembers it until a read has proved that everything was taken.

use crate::buffer::{BUFFER_SIZE, Buffer};
use crate::memory::{self, no_memory};
use crate::slab::Token;
use crate::socket;
use crate::streams::say;
use crate::transfer::Transfer;
use epshim::{Epoll, EventFlags};
use std::io::{self, ErrorKind};
use std::net::{Shutdown, TcpStream};

/// Whoever sends so much at once is probably still sending.
const STREAM_SIZE: usize = 32 * 1024;

/// So much is packed in the buffer, and then it is written.
pub const PACKED_SIZE: usize = 16 * 1024;

/// Registered once. Each delivery says all that is the case, so that OUT comes with every IN: it
/// is news only to a connection with something pending.
const INTEREST: EventFlags = EventFlags::IN
    .union(EventFlags::OUT)
    .union(EventFlags::PRI)
    .union(EventFlags::RDHUP)
    .union(EventFlags::ET);

/// After these a short read proves nothing: the end or an error follows the data, or the kernel
/// stopped reading at the urgent mark (`net/ipv4/tcp.c`, `tcp_recvmsg_locked`).
const READ_ON: EventFlags =
    EventFlags::RDHUP.union(EventFlags::HUP).union(EventFlags::ERR).union(EventFlags::PRI);

/// What the connections share.
pub struct Shared {
    pub transfer: Transfer,
    /// What is read goes here, behind what is packed.
    pub buffer: Box<Buffer>,
    /// How much is packed at the front.
    pub packed: usize,
    /// Bytes echoed since the start.
    pub echoed: u64,
    /// Bytes that will never be echoed.
    pub lost: u64,
}

/// What a slow peer has not taken: the bytes from `start` on.
struct Pending {
    bytes: Vec<u8>,
    start: usize,
}

impl Pending {
    fn copy(rest: &[u8]) -> io::Result<Box<Self>> {
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(rest.len()).map_err(|_| no_memory())?;
        bytes.extend_from_slice(rest);
        memory::boxed(Self { bytes, start: 0 })
    }
}

/// A connection of the server. It fits a cache line, with its place in the slab.
pub struct Connection {
    stream: TcpStream,
    /// Not drained: no edge will tell of what is there already.
    readable: bool,
    /// A short read does not prove a drain.
    read_on: bool,
    /// On the ready list. The server's own mark.
    pub queued: bool,
    /// Everything is sent and shut down; what comes is discarded.
    lingering: bool,
    /// What could not be sent.
    pending: Option<Box<Pending>>,
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
            readable: false,
            read_on: false,
            queued: false,
            lingering: false,
            pending: None,
            left: None,
            unacknowledged: 0,
            silent: 0,
        }
    }

    pub fn register(&self, epoll: &Epoll, token: Token) -> io::Result<()> {
        epoll.add(&self.stream, INTEREST, token.data())
    }

    /// Remembers what a delivery says. Returns whether there is something to do.
    pub fn note(&mut self, events: EventFlags) -> bool {
        self.readable |= events.intersects(EventFlags::IN | READ_ON);
        self.read_on |= events.intersects(READ_ON);
        if self.pending.is_none() {
            self.readable
        } else {
            events.intersects(EventFlags::OUT | READ_ON)
        }
    }

    /// From now on only what our kernel has already acknowledged is read and echoed.
    pub fn limit(&mut self) {
        self.left = Some(socket::unread(&self.stream));
        self.readable = true;
        self.read_on = true;
    }

    /// One turn: a bounded amount of work. Returns how much it has read behind what is packed, 0 if
    /// nothing. An error is the end of the connection, as is the end of the stream.
    #[inline(always)]
    pub fn turn(&mut self, shared: &mut Shared) -> io::Result<usize> {
        if self.pending.is_some() {
            self.flush(shared)?;
        }
        let wanted = self.lingering || self.left != Some(0);
        if self.readable && wanted && self.pending.is_none() {
            self.read_message(shared)
        } else {
            Ok(0)
        }
    }

    /// Ends a turn: what it has read is sent, or pending. Returns whether it wants another turn in
    /// the next round.
    #[inline(always)]
    pub fn end_turn(&mut self) -> io::Result<bool> {
        if self.pending.is_none() && self.left == Some(0) && !self.lingering {
            self.linger()?;
        }
        Ok(self.readable && self.pending.is_none())
    }

    /// Everything of the limit is echoed: says so to the peer. A close now could reset the
    /// connection and destroy what is on its way to the peer: only after the peer's own end of
    /// stream it cannot.
    #[cold]
    fn linger(&mut self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)?;
        self.lingering = true;
        self.readable = true;
        Ok(())
    }

    /// Sends of the pending rest what can be sent.
    #[cold]
    fn flush(&mut self, shared: &mut Shared) -> io::Result<()> {
        let Some(pending) = &mut self.pending else { return Ok(()) };
        let sent = shared.transfer.send(&self.stream, &pending.bytes[pending.start..])?;
        pending.start += sent;
        if pending.start == pending.bytes.len() {
            self.pending = None;
        }
        self.sent(shared, sent);
        Ok(())
    }

    /// Reads behind what is packed. Returns how much is to be echoed.
    #[inline(always)]
    fn read_message(&mut self, shared: &mut Shared) -> io::Result<usize> {
        let got = self.read_once(shared, shared.packed)?;
        if got < STREAM_SIZE { Ok(got) } else { Ok(self.read_more(shared, got)) }
    }

    /// Reads what has come behind so much of a stream that its peer is probably still sending: it is
    /// echoed in one with that, and the peer, too, can read it in one. Returns how much it is now.
    #[inline(never)]
    fn read_more(&mut self, shared: &mut Shared, mut message: usize) -> usize {
        let mut got = STREAM_SIZE;
        while got >= STREAM_SIZE && shared.packed + message < BUFFER_SIZE && self.left != Some(0) {
            got = self.read_once(shared, shared.packed + message).unwrap_or_else(|_| {
                // The next turn finds the end again.
                self.readable = true;
                self.read_on = true;
                0
            });
            message += got;
        }
        message
    }

    /// Reads once, into the buffer from `at` on. Returns how much is to be echoed.
    #[inline(always)]
    fn read_once(&mut self, shared: &mut Shared, at: usize) -> io::Result<usize> {
        let left = if self.lingering { None } else { self.left };
        let room = &mut shared.buffer.0[at..];
        let size = left.map_or(room.len(), |left| left.min(room.len()));
        let got = match shared.transfer.receive(&self.stream, &mut room[..size]) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(got) => got,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.readable = false;
                self.read_on = false;
                self.left = self.left.map(|_| 0);
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
        self.left = left.map(|left| left - got);
        Ok(got)
    }

    /// Sends back a message, which lies in the shared buffer from `start` to `end`; keeps a copy of
    /// what cannot be sent now.
    #[inline(always)]
    pub fn echo(&mut self, shared: &mut Shared, start: usize, end: usize) -> io::Result<()> {
        let sent = shared.transfer.send(&self.stream, &shared.buffer.0[start..end])?;
        self.sent(shared, sent);
        if sent == end - start { Ok(()) } else { self.keep(shared, start + sent, end) }
    }

    /// Keeps a copy of what cannot be sent now.
    #[cold]
    fn keep(&mut self, shared: &mut Shared, start: usize, end: usize) -> io::Result<()> {
        let rest = &shared.buffer.0[start..end];
        self.pending = Some(Pending::copy(rest).inspect_err(|_| {
            let lost = rest.len();
            say(format_args!("out of memory: a connection is closed and {lost} bytes are lost"));
            shared.lost += lost as u64;
        })?);
        Ok(())
    }

    #[inline(always)]
    fn sent(&mut self, shared: &mut Shared, bytes: usize) {
        shared.echoed += bytes as u64;
        if bytes > 0 {
            self.silent = 0;
        }
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
        let pending = self.pending.as_ref().map_or(0, |rest| rest.bytes.len() - rest.start);
        let unread = self.left.unwrap_or(0);
        (pending + unread + unacknowledged.saturating_sub(end_of_stream)) as u64
    }
}
