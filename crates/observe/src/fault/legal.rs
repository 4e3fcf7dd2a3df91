//! When a fault is legal: what must be known of the descriptor and of the call.
//!
//! [`judge`] has the last word before a fault is made. What the kernel was not asked is not known, and then the
//! answer is no.

use super::kind::Fault;
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
}

impl Reason {
    /// All.
    pub const ALL: [Self; 10] = [
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
        }
    }
}

/// A pipe takes so many bytes in one piece or not at all (pipe(7)).
const PIPE_BUF: u64 = 4096;

/// Whether the fault may be made here.
///
/// # Errors
/// Why not.
pub fn judge(fault: Fault, at: &Situation) -> Result<(), Reason> {
    let check = |holds: bool, reason: Reason| if holds { Ok(()) } else { Err(reason) };
    let is_armable = || match at.edge {
        Edge::Unknown => Err(Reason::Unregistered),
        Edge::Fixed => Err(Reason::Fixed),
        Edge::Level | Edge::Armable => Ok(()),
    };
    let is_shorter = || check(at.given >= 1 && at.given < at.asked, Reason::TooLittle);
    match fault {
        Fault::ShortRead => {
            check(is_stream(at), Reason::Kind)?;
            check(!at.is_special, Reason::Flags)?;
            is_armable()?;
            is_shorter()
        }
        Fault::ShortWrite => {
            check(is_stream(at), Reason::Kind)?;
            check(!at.is_special, Reason::Flags)?;
            check(at.is_nonblocking, Reason::Blocks)?;
            check(at.kind != Kind::Pipe || at.asked > PIPE_BUF, Reason::TooLittle)?;
            is_armable()?;
            is_shorter()
        }
        Fault::WaitInterrupted | Fault::WaitLate => check(at.may_sleep, Reason::Blocks),
        Fault::WaitFewer => is_shorter(),
        Fault::WaitReordered => check(at.asked >= 2, Reason::TooLittle),
        Fault::EdgeRepeated => match at.edge {
            Edge::Armable => Ok(()),
            Edge::Level | Edge::Fixed => Err(Reason::Fixed),
            Edge::Unknown => Err(Reason::Unregistered),
        },
        Fault::AcceptAborted | Fault::AcceptLost | Fault::AcceptExhausted => {
            check(at.kind == Kind::Listener, Reason::Kind)?;
            check(at.edge != Edge::Unknown, Reason::Unregistered)?;
            check(at.is_ready, Reason::NotReady)
        }
        Fault::AcceptAgain => {
            check(at.kind == Kind::Listener, Reason::Kind)?;
            check(at.is_nonblocking, Reason::Blocks)?;
            is_armable()?;
            check(at.is_ready, Reason::NotReady)
        }
        Fault::ReadAgain | Fault::WriteAgain => {
            check(at.kind == Kind::Stream, Reason::Kind)?;
            check(!at.is_special, Reason::Flags)?;
            check(at.is_nonblocking, Reason::Blocks)?;
            check(!at.has_hung_up, Reason::HungUp)?;
            check(!at.was_counted || fault == Fault::WriteAgain, Reason::Counted)?;
            check(!at.is_again, Reason::Again)?;
            is_armable()
        }
        Fault::ConnectAgain => {
            check(at.is_unix, Reason::Kind)?;
            check(at.is_nonblocking, Reason::Blocks)?;
            check(!at.is_again, Reason::Again)
        }
        Fault::AddRefused => Ok(()),
        Fault::PeerVanished => {
            check(at.kind == Kind::Stream, Reason::Kind)?;
            check(!at.has_hung_up, Reason::HungUp)
        }
    }
}

/// Bytes without boundaries.
fn is_stream(at: &Situation) -> bool {
    at.kind == Kind::Stream || at.kind == Kind::Pipe && !at.is_of_packets
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn situations() -> impl Strategy<Value = Situation> {
        let kinds = [
            Kind::Unknown,
            Kind::Stream,
            Kind::Listener,
            Kind::Datagram,
            Kind::Pipe,
            Kind::Counter,
            Kind::Queue,
            Kind::Epoll,
        ];
        let edges = [Edge::Unknown, Edge::Level, Edge::Armable, Edge::Fixed];
        let numbers = (0..kinds.len(), 0..edges.len(), 0_u64..9000, 0_u64..9000);
        (numbers, any::<u16>()).prop_map(move |((kind, edge, asked, given), bits)| Situation {
            kind: kinds[kind],
            edge: edges[edge],
            asked,
            given,
            is_nonblocking: bits & 1 != 0,
            has_hung_up: bits & 2 != 0,
            is_ready: bits & 4 != 0,
            was_counted: bits & 8 != 0,
            is_special: bits & 16 != 0,
            is_of_packets: bits & 32 != 0,
            may_sleep: bits & 64 != 0,
            is_again: bits & 128 != 0,
            is_unix: bits & 512 != 0,
        })
    }

    proptest! {
        /// The table's last row: what is never legal.
        #[test]
        fn what_is_never_legal_is_refused(at in situations(), number in 0..Fault::ALL.len()) {
            let fault = Fault::ALL[number];
            prop_assume!(judge(fault, &at).is_ok());
            let is_io = matches!(
                fault,
                Fault::ShortRead | Fault::ShortWrite | Fault::ReadAgain | Fault::WriteAgain
            );
            if is_io {
                prop_assert!(matches!(at.kind, Kind::Stream | Kind::Pipe), "a cut datagram, a counter told EAGAIN");
                prop_assert!(!(at.kind == Kind::Pipe && at.is_of_packets), "a cut packet");
                prop_assert!(!matches!(at.edge, Edge::Unknown | Edge::Fixed), "an edge that nobody arms again");
            }
            if matches!(fault, Fault::ReadAgain | Fault::WriteAgain) {
                prop_assert!(!at.has_hung_up, "EAGAIN after a hang-up");
                prop_assert!(at.is_nonblocking, "EAGAIN of a call that blocks");
            }
            if matches!(fault, Fault::ShortRead | Fault::ShortWrite | Fault::WaitFewer) {
                prop_assert!(at.given >= 1 && at.given < at.asked, "an end that is none");
            }
            if fault == Fault::WaitInterrupted {
                prop_assert!(at.may_sleep, "EINTR of a look");
            }
        }
    }
}
