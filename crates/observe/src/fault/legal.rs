//! When a fault is legal: what must be known of the descriptor and of the call.
//!
//! [`judge`] has the last word before a fault is made. What the kernel was not asked is not known, and then the
//! answer is no.

use super::kind::Fault;
use super::situation::{Edge, Reason, Situation};
use crate::descriptors::Kind;

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
        Fault::DeliverySpurious => {
            check(matches!(at.kind, Kind::Stream | Kind::Listener | Kind::Datagram), Reason::Kind)?;
            check(at.is_nonblocking, Reason::Blocks)?;
            check(!at.has_hung_up, Reason::HungUp)?;
            check(!at.is_ready, Reason::Again)?;
            is_armable()?;
            check(at.given < at.asked, Reason::TooLittle)
        }
        Fault::ReadInterrupted | Fault::WriteInterrupted | Fault::AcceptInterrupted => {
            let is_accept = fault == Fault::AcceptInterrupted;
            let is_socket = matches!(at.kind, Kind::Stream | Kind::Datagram);
            let is_it = if is_accept {
                at.kind == Kind::Listener
            } else {
                is_socket || at.kind == Kind::Pipe
            };
            check(is_it, Reason::Kind)?;
            check(!at.is_special, Reason::Flags)?;
            check(at.edge != Edge::Unknown, Reason::Unregistered)?;
            would_block(at)?;
            check(!at.is_again, Reason::Again)
        }
        Fault::ConnectInterrupted => {
            check(at.is_tcp, Reason::Kind)?;
            would_block(at)?;
            check(!at.is_again, Reason::Again)
        }
        Fault::ConnectRefused => check(at.is_tcp && !at.is_bound, Reason::Kind),
        Fault::DescriptorsExhausted => {
            check(at.kind == Kind::Listener, Reason::Kind)?;
            check(at.edge != Edge::Unknown, Reason::Unregistered)?;
            check(at.is_ready, Reason::NotReady)?;
            is_shorter()
        }
        Fault::AddRefused => Ok(()),
        Fault::PeerVanished => {
            check(at.kind == Kind::Stream, Reason::Kind)?;
            check(!at.has_hung_up, Reason::HungUp)
        }
    }
}

/// The call would sleep, and a signal would end it.
fn would_block(at: &Situation) -> Result<(), Reason> {
    if at.is_nonblocking || at.is_ready || at.has_hung_up {
        return Err(Reason::Uninterrupted);
    }
    if at.is_interruptible { Ok(()) } else { Err(Reason::Uninterrupted) }
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
            is_tcp: bits & 1024 != 0,
            is_bound: bits & 2048 != 0,
            is_interruptible: bits & 4096 != 0,
        })
    }

    proptest! {
        /// The table's last row: what is never legal.
        #[test]
        fn what_is_never_legal_is_refused(at in situations(), number in 0..Fault::ALL.len()) {
            let fault = Fault::ALL[number];
            if judge(fault, &at).is_err() {
                return Ok(());
            }
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
            if matches!(
                fault,
                Fault::ReadInterrupted
                    | Fault::WriteInterrupted
                    | Fault::AcceptInterrupted
                    | Fault::ConnectInterrupted
            ) {
                prop_assert!(!at.is_nonblocking && !at.is_ready, "EINTR of a call that does not block");
                prop_assert!(at.is_interruptible, "EINTR without a signal");
            }
            if fault == Fault::DeliverySpurious {
                prop_assert!(at.is_nonblocking, "a read behind it would hang");
                prop_assert!(!at.is_ready && !at.has_hung_up, "an event that is true");
            }
        }
    }
}
