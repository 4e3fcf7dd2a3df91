//! What must be known before a fault is made, and why one is not made.

use crate::descriptors::Kind;

/// How a descriptor is registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Edge {
    /// Not in an epoll that was seen, or in one more than was seen.
    #[default]
    Unknown,
    /// Level-triggered everywhere, or edge-triggered and disarmed after each delivery (EPOLLONESHOT).
    Level,
    /// Edge-triggered, and can be armed again.
    Armable,
    /// Edge-triggered, and cannot: EPOLLEXCLUSIVE, or another process shares the epoll.
    Fixed,
}

/// What is known of a descriptor and of the call on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a question to the kernel")]
pub struct Situation {
    /// What it is open on.
    pub kind: Kind,
    /// O_NONBLOCK, or MSG_DONTWAIT.
    pub is_nonblocking: bool,
    /// poll(2) says RDHUP, HUP or ERR, or an end was read.
    pub has_hung_up: bool,
    /// poll(2) says that a connection waits, or data.
    pub is_ready: bool,
    /// The program has asked how many bytes there are.
    pub was_counted: bool,
    /// The call has flags that change what a count means.
    pub is_special: bool,
    /// A pipe of packets (O_DIRECT).
    pub is_of_packets: bool,
    /// How it is registered.
    pub edge: Edge,
    /// Bytes, events or microseconds that the program asked for.
    pub asked: u64,
    /// What it is to get instead.
    pub given: u64,
    /// A wait that may sleep.
    pub may_sleep: bool,
    /// This was told at the same byte already.
    pub is_again: bool,
    /// A socket of AF_UNIX.
    pub is_unix: bool,
    /// A socket of TCP.
    pub is_tcp: bool,
    /// It is bound to an address of this machine.
    pub is_bound: bool,
    /// A handler without SA_RESTART, or a timeout of the socket, may end a call that blocks.
    pub is_interruptible: bool,
}

/// Why a fault is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Reason {
    /// The descriptor is of another kind.
    Kind,
    /// The call may block.
    Blocks,
    /// After a hang-up the kernel says the end or the error, and nothing else.
    HungUp,
    /// Nothing is there that could be taken away.
    NotReady,
    /// The program knows how many bytes there are.
    Counted,
    /// The flags of the call.
    Flags,
    /// It is not known how it is registered.
    Unregistered,
    /// An edge that cannot be armed again.
    Fixed,
    /// Too little was asked for.
    TooLittle,
    /// It was told here before.
    Again,
    /// No signal would end the call.
    Uninterrupted,
}

impl Reason {
    /// All.
    pub const ALL: [Self; 11] = [
        Self::Kind,
        Self::Blocks,
        Self::HungUp,
        Self::NotReady,
        Self::Counted,
        Self::Flags,
        Self::Unregistered,
        Self::Fixed,
        Self::TooLittle,
        Self::Again,
        Self::Uninterrupted,
    ];

    /// In a few words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Kind => "another kind of descriptor",
            Self::Blocks => "the call may block",
            Self::HungUp => "the other end has hung up",
            Self::NotReady => "nothing was there",
            Self::Counted => "the program knows how much there is",
            Self::Flags => "flags of the call",
            Self::Unregistered => "not registered where it was seen",
            Self::Fixed => "an edge that cannot be armed again",
            Self::TooLittle => "too little was asked for",
            Self::Again => "told there before",
            Self::Uninterrupted => "no signal would interrupt it",
        }
    }
}
