//! [`Turn`]: what the machine hands out, one by one, to the reactors of Rust and of C.

use super::registry::Key;
use crate::EventFlags;

/// Why the handler of a [`Reactor`](super::Reactor) is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// A registration is ready, or asked for another turn with [`Reactor::again`](super::Reactor::again).
    Ready {
        /// The registration. It is there as the handler is called.
        key: Key,
        /// What is ready: never empty, and only what the latest interest asked for, besides `ERR`
        /// and `HUP`. `ERR` with the bit 0x20 (`POLLNVAL`) says that the kernel refused a change
        /// of interest; see [`Reactor::modify`](super::Reactor::modify).
        flags: EventFlags,
    },
    /// The deadline of a registration has passed. Its timer is no longer set.
    Timer(Key),
    /// A [`Waker`](super::Waker) was used, once or more.
    Wake,
    /// All other turns of the round were given. Only where it was asked for, with
    /// [`Reactor::set_round_end`](super::Reactor::set_round_end).
    RoundEnd,
}
