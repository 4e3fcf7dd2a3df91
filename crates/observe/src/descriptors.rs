//! What an observer remembers of descriptors.

use crate::io::{Io, Outcome};
use crate::terms::{Fd, Site, Tid};

/// What a descriptor is open on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Not known.
    #[default]
    Unknown,
    /// A stream socket that is connected, or will be.
    Stream,
    /// A socket that listens.
    Listener,
    /// A datagram or packet socket: one message a call.
    Datagram,
    /// A pipe, a FIFO or a terminal.
    Pipe,
    /// eventfd and timerfd: one read takes all.
    Counter,
    /// inotify, signalfd and their like: a read takes as many records as fit.
    Queue,
    /// An epoll.
    Epoll,
}

impl Kind {
    /// All of them. New ones go to the end: recordings have their places.
    pub const ALL: [Self; 8] = [
        Self::Unknown,
        Self::Stream,
        Self::Listener,
        Self::Datagram,
        Self::Pipe,
        Self::Counter,
        Self::Queue,
        Self::Epoll,
    ];
}

/// What the observer remembers of a descriptor number. `generation`, `closed` and `duplicated` are of
/// the number; the rest is of the file that is open under it now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Descriptor {
    /// Grows each time that the number is closed.
    pub generation: u32,
    /// Its input and output.
    pub io: Io,
    /// The latest read or accept.
    pub read: Site,
    /// The errno of the latest read or accept that failed; 0: none has.
    pub error: i32,
    /// The latest write that was short or found no room.
    pub written: Site,
    /// Where the number was closed the last time.
    pub closed: Site,
    /// Where the file now open, or the one before, got another descriptor.
    pub duplicated: Site,
    /// Those that it has exchanged data with: the latest two.
    pub partners: [Option<Partner>; 2],
}

impl Descriptor {
    /// A read or an accept ended.
    pub const fn called(&mut self, outcome: Outcome, errno: i32, site: Site) {
        if !matches!(outcome, Outcome::Interrupted) {
            (self.read, self.error) = (site, errno);
        }
    }
}

/// A descriptor that has exchanged data with another one: a thread read from one, and then wrote to
/// the other. A proxy's two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partner {
    /// Its number.
    pub fd: Fd,
    /// The number was closed since.
    pub is_closed: bool,
}

/// The observer's memory of descriptors.
pub trait Descriptors {
    /// Its generation, and its input and output. Asked for every delivery.
    fn state(&self, fd: Fd) -> (u32, Io);
    /// All that is remembered of it.
    fn get(&self, fd: Fd) -> Descriptor;
    /// What it is open on. May ask the kernel, once for each file.
    fn kind(&self, fd: Fd) -> Kind;
    /// Whether `O_NONBLOCK` is off. May ask the kernel, once for each file.
    fn may_block(&self, fd: Fd) -> bool;
    /// Whether a thread waits for room in it, in poll(2) or select(2). May ask the kernel.
    fn is_room_awaited(&self, fd: Fd) -> bool;
    /// Remember that it was delivered with `EPOLLHUP` or `EPOLLRDHUP`.
    fn hung_up(&self, fd: Fd);
    /// Whether reads of it that took bytes are to be told, as [`What::Took`](crate::What::Took), from now on.
    fn tell_reads(&self, fd: Fd, tell: bool);
    /// A wait of this thread has delivered it, with others; 0: that thread waits again.
    fn in_batch(&self, fd: Fd, tid: Tid);
}
