//! The flag sets of the Rust API: [`EventFlags`] and [`CreateFlags`].
//!
//! Both keep bits they do not know: the kernel may report, and a newer kernel may accept, more
//! than this crate names. What an [`Event`] has to do with flags is here too: `layout.rs` knows the bits
//! as numbers only.

use crate::layout::{self, Event, EventData};
use bitflags::bitflags;
use core::fmt;

bitflags! {
    /// `EPOLL*` bits of an interest or a delivery.
    ///
    /// `ERR` and `HUP` are always delivered, asked for or not (epoll_ctl(2)).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
    pub struct EventFlags: u32 {
        /// Data can be read, or a connection accepted.
        #[doc(alias = "EPOLLIN")]
        const IN = layout::EPOLLIN;
        /// Exceptional condition.
        #[doc(alias = "EPOLLPRI")]
        const PRI = layout::EPOLLPRI;
        /// Writing is possible.
        #[doc(alias = "EPOLLOUT")]
        const OUT = layout::EPOLLOUT;
        /// Error condition; cannot be masked off.
        #[doc(alias = "EPOLLERR")]
        const ERR = layout::EPOLLERR;
        /// Hang-up; cannot be masked off.
        #[doc(alias = "EPOLLHUP")]
        const HUP = layout::EPOLLHUP;
        /// Normal data can be read.
        #[doc(alias = "EPOLLRDNORM")]
        const RDNORM = layout::EPOLLRDNORM;
        /// Priority data can be read.
        #[doc(alias = "EPOLLRDBAND")]
        const RDBAND = layout::EPOLLRDBAND;
        /// Normal data can be written.
        #[doc(alias = "EPOLLWRNORM")]
        const WRNORM = layout::EPOLLWRNORM;
        /// Priority data can be written.
        #[doc(alias = "EPOLLWRBAND")]
        const WRBAND = layout::EPOLLWRBAND;
        /// Unused by the kernel.
        #[doc(alias = "EPOLLMSG")]
        const MSG = layout::EPOLLMSG;
        /// The peer closed its writing half.
        #[doc(alias = "EPOLLRDHUP")]
        const RDHUP = layout::EPOLLRDHUP;
        /// One waiter is woken instead of all. Only for [`Epoll::add`](crate::Epoll::add).
        #[doc(alias = "EPOLLEXCLUSIVE")]
        const EXCLUSIVE = layout::EPOLLEXCLUSIVE;
        /// Keeps the system awake while the event is handled.
        #[doc(alias = "EPOLLWAKEUP")]
        const WAKEUP = layout::EPOLLWAKEUP;
        /// Disarms the registration after one delivery;
        /// [`Epoll::modify`](crate::Epoll::modify) arms it again.
        #[doc(alias = "EPOLLONESHOT")]
        const ONESHOT = layout::EPOLLONESHOT;
        /// Edge-triggered delivery: drain the descriptor, the edge is not repeated.
        #[doc(alias = "EPOLLET")]
        const ET = layout::EPOLLET;
    }
}

bitflags! {
    /// Flags of [`Epoll::create`](crate::Epoll::create).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
    pub struct CreateFlags: i32 {
        /// Close the epoll descriptor on `execve`.
        #[doc(alias = "EPOLL_CLOEXEC")]
        const CLOEXEC = layout::EPOLL_CLOEXEC;
    }
}

impl Event {
    /// An event with these flags and this data.
    #[must_use]
    pub const fn new(flags: EventFlags, data: EventData) -> Self {
        Self { events: flags.bits(), data }
    }

    /// The flags, unknown bits included.
    #[must_use]
    pub const fn flags(&self) -> EventFlags {
        EventFlags::from_bits_retain(self.events)
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("flags", &self.flags()).field("data", &self.data()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{CreateFlags, EventFlags};
    use crate::layout;
    use bitflags::Flags;

    #[test]
    fn every_constant_of_the_layout_has_a_flag_of_the_same_name() {
        let expected: Vec<_> = layout::EVENT_FLAGS
            .iter()
            .map(|&(name, bits)| (name.strip_prefix("EPOLL").unwrap(), bits))
            .collect();
        let ours: Vec<_> =
            EventFlags::FLAGS.iter().map(|flag| (flag.name(), flag.value().bits())).collect();
        assert_eq!(ours, expected);
    }

    #[test]
    fn bits_without_a_name_are_kept() {
        assert_eq!(EventFlags::from_bits_retain(0x800).bits(), 0x800);
        assert_eq!(CreateFlags::from_bits_retain(1).bits(), 1);
    }
}
