//! Times that take half the room.

use epshim_observe::Nanos;

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
