//! The name of a fault: what it is, and where in the run of a program.
//!
//! Of bytes it is the connection, the direction and the offset in the stream; of waits the epoll, and how far its
//! descriptors have come; of accepts the listener and the connections before. So a list of faults can be made
//! again when some of them are taken away.

use super::kind::Fault;
use std::fmt;

/// What a fault happens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Subject {
    /// The n-th connection that was accepted; offset: bytes of the direction.
    Connection,
    /// The n-th descriptor that was registered and not accepted; likewise.
    Descriptor,
    /// The n-th epoll; offset: bytes moved and connections accepted by its process so far.
    Epoll,
    /// The n-th listener that was registered; offset: connections accepted so far.
    Listener,
    /// The n-th registration of the process.
    Registration,
    /// The n-th connect.
    Connect,
}

impl Subject {
    /// All.
    pub const ALL: [Self; 6] = [
        Self::Connection,
        Self::Descriptor,
        Self::Epoll,
        Self::Listener,
        Self::Registration,
        Self::Connect,
    ];

    /// In a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Descriptor => "descriptor",
            Self::Epoll => "epoll",
            Self::Listener => "listener",
            Self::Registration => "registration",
            Self::Connect => "connect",
        }
    }

    /// The one of this number.
    #[must_use]
    pub fn of_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

/// A fault's name. The direction follows from the fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// What it is.
    pub fault: Fault,
    /// The n-th process that registered something, from 1.
    pub process: u32,
    /// What it happens to.
    pub subject: Subject,
    /// Which one, from 1.
    pub number: u32,
    /// Where: see [`Subject`].
    pub offset: u64,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fault, process, subject, number, offset } = self;
        write!(f, "{fault} process {process} {} {number} at {offset}", subject.word())
    }
}

impl Name {
    /// Reads what [`Display`](fmt::Display) writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let &[fault, "process", process, subject, number, "at", offset] = words.as_slice() else {
            return None;
        };
        Some(Self {
            fault: Fault::named(fault)?,
            process: process.parse().ok()?,
            subject: Subject::ALL.into_iter().find(|one| one.word() == subject)?,
            number: number.parse().ok()?,
            offset: offset.parse().ok()?,
        })
    }
}
