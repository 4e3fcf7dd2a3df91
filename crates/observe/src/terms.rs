//! What the rest is said in: numbers of descriptors and threads, times, places.

use serde::{Deserialize, Serialize};

/// A descriptor number.
pub type Fd = i32;
/// A thread, as gettid(2) names it.
pub type Tid = i32;
/// A process, as getpid(2) names it.
pub type Pid = i32;
/// Nanoseconds of `CLOCK_MONOTONIC`.
pub type Nanos = u64;

/// A second.
pub const SECOND: Nanos = 1_000_000_000;
/// A millisecond.
pub const MILLISECOND: Nanos = 1_000_000;

/// Where in the program a call was made: the return address, or another number by which the observer
/// finds the stack again. The model only compares sites and hands them on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Site(pub u64);

impl Site {
    /// No address of a program has this bit: those of 32 bits are too short, and the upper half of 64 bits is the
    /// kernel's.
    const OWN: u64 = 1 << 63;

    /// The preload library's number of a stack that it keeps.
    #[must_use]
    pub const fn of_stack(number: u64) -> Self {
        Self(Self::OWN | number)
    }

    /// That number; `None`: it is an address.
    #[must_use]
    pub const fn stack(self) -> Option<u64> {
        if self.0 & Self::OWN == 0 { None } else { Some(self.0 & !Self::OWN) }
    }
}
