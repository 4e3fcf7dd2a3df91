//! What the model asks of the outside: two traits, and the types in which they answer.
//!
//! An observer (the preload library, or a replayed trace) implements both. [`Descriptors`] is the
//! observer's memory of descriptor numbers: the model asks it on every wait, so an answer must cost no
//! more than a few loads. [`Kernel`] stands for system calls: the model asks it only about a
//! suspicion, while the program does not wait for the answer.
//!
//! A time is a number that the observer hands in, and a [`Site`] is a number that only the observer
//! can resolve: nothing here reads a clock or unwinds a stack.

use crate::io::Io;
use serde::{Deserialize, Serialize};

/// A descriptor number.
pub type Fd = i32;
/// A thread, as gettid(2) names it.
pub type Tid = i32;
/// Nanoseconds of `CLOCK_MONOTONIC`.
pub type Nanos = u64;

/// A second.
pub const SECOND: Nanos = 1_000_000_000;
/// A millisecond.
pub const MILLISECOND: Nanos = 1_000_000;

/// A time in units of about a millisecond, in 32 bits instead of 64. It wraps after weeks: only
/// differences of two of them mean something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Ticks(u32);

impl Ticks {
    pub const fn of(nanos: Nanos) -> Self {
        Self((nanos >> 20) as u32)
    }

    /// How much later this is; 0 if it is earlier, as it may be where two threads read the clock.
    pub const fn since(self, earlier: Self) -> Self {
        let ticks = self.0.wrapping_sub(earlier.0);
        Self(if ticks > u32::MAX / 2 { 0 } else { ticks })
    }

    pub const fn later(self, nanos: Nanos) -> Self {
        Self(self.0.wrapping_add(Self::of(nanos).0))
    }

    pub const fn nanos(self) -> Nanos {
        (self.0 as Nanos) << 20
    }
}

/// Where in the program a call was made: the return address, or another number by which the observer
/// finds the stack again. The model only compares sites and hands them on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Site(pub u64);

/// What a descriptor is open on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Not known.
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
}

/// One registration as the kernel lists it, in `/proc/self/fdinfo/EPFD` (proc_pid_fdinfo(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// The number it was registered under.
    pub fd: Fd,
    /// The interest; a one-shot that has fired has only its private bits left.
    pub events: u32,
    /// The data.
    pub data: u64,
    /// The file: inode and device. eventfd, timerfd, signalfd and epoll all have the same one.
    pub file: (u64, u64),
}

/// What the kernel knows. `None`: the kernel did not answer; what is found is then less certain.
pub trait Kernel {
    /// All registrations of an epoll.
    fn registrations(&mut self, epfd: Fd) -> Option<Vec<Listed>>;
    /// What poll(2) says at once of these events, `EPOLLERR` and `EPOLLHUP`; `None` if it is not open.
    fn readiness(&mut self, fd: Fd, events: u32) -> Option<u32>;
    /// The bytes to be read: `FIONREAD`.
    fn unread(&mut self, fd: Fd) -> Option<u64>;
    /// A number that changes whenever bytes pass through the file: from `TCP_INFO`, or the bytes that
    /// are queued.
    fn traffic(&mut self, fd: Fd) -> u64;
    /// The file: inode and device. `None` if it is not open.
    fn file(&mut self, fd: Fd) -> Option<(u64, u64)>;
    /// Another descriptor of this process that keeps the file of a registration of `epfd` open.
    fn keeper(&mut self, epfd: Fd, ghost: &Listed) -> Option<Fd>;
    /// Whether this process also has the other end of a pipe or a socket pair open.
    fn has_both_ends(&mut self, fd: Fd) -> bool;
    /// Whether the thread exists.
    fn is_alive(&mut self, tid: Tid) -> bool;
    /// Whether the thread may be about to make its next call: it runs, or would if it had a processor, or
    /// waits for a lock.
    fn is_on_its_way(&mut self, tid: Tid) -> bool;
    /// Whether the number was seen to be closed or replaced since this look at the program began, or is
    /// about to be: then two answers about it may be of two files.
    fn was_closed(&mut self, fd: Fd) -> bool;
}

/// The bits of `struct epoll_event.events` that rules look at (epoll_ctl(2)).
#[allow(missing_docs, reason = "the names of epoll_ctl(2)")]
pub mod bits {
    pub const IN: u32 = 0x001;
    pub const OUT: u32 = 0x004;
    pub const ERR: u32 = 0x008;
    pub const HUP: u32 = 0x010;
    pub const RDHUP: u32 = 0x2000;
    pub const EXCLUSIVE: u32 = 1 << 28;
    pub const WAKEUP: u32 = 1 << 29;
    pub const ONESHOT: u32 = 1 << 30;
    pub const ET: u32 = 1 << 31;
    /// What is left of a one-shot's interest when it has fired.
    pub const PRIVATE: u32 = EXCLUSIVE | WAKEUP | ONESHOT | ET;

    /// The kernel adds these to every interest.
    pub const ALWAYS_ON: u32 = ERR | HUP;
    /// What a fired one-shot may be listed with: the kernel adds `EPOLLERR` and `EPOLLHUP` to every
    /// interest, and takes them away with the rest (fs/eventpoll.c, `EP_PRIVATE_BITS`).
    pub const ALWAYS: u32 = PRIVATE | ALWAYS_ON;

    /// Their names, as a report writes them.
    pub(crate) fn names(events: u32) -> String {
        const NAMES: [(u32, &str); 10] = [
            (IN, "EPOLLIN"),
            (0x002, "EPOLLPRI"),
            (OUT, "EPOLLOUT"),
            (ERR, "EPOLLERR"),
            (HUP, "EPOLLHUP"),
            (RDHUP, "EPOLLRDHUP"),
            (EXCLUSIVE, "EPOLLEXCLUSIVE"),
            (WAKEUP, "EPOLLWAKEUP"),
            (ONESHOT, "EPOLLONESHOT"),
            (ET, "EPOLLET"),
        ];
        let set = NAMES.iter().filter(|(bit, _)| events & bit != 0).map(|&(_, name)| name);
        let names: Vec<&str> = set.collect();
        if names.is_empty() { format!("{events:#x}") } else { names.join("|") }
    }
}
