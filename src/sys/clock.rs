//! [`Instant`]: a time of the clock that only goes forward. std's where there is std, so that users of
//! the Rust API pass their own; else this one, of which there is no more than the reactor needs.
//!
//! It reads `CLOCK_MONOTONIC`, as std does. The surprising thing: a sum that is beyond what 64 bits of
//! nanoseconds hold (584 years after the machine's start) stays at the last of them. It is never reached.

use core::mem::MaybeUninit;
use core::ops::Add;
use core::time::Duration;

/// Nanoseconds since some point in the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instant(u64);

const SECOND: u64 = 1_000_000_000;

impl Instant {
    pub fn now() -> Self {
        let mut time = MaybeUninit::<libc::timespec>::uninit();
        // SAFETY: clock_gettime writes the time into `time`; with this clock, which every kernel with epoll
        // has, and an address of our own it cannot fail (clock_gettime(2), Errors).
        let time = unsafe {
            libc::clock_gettime(libc::CLOCK_MONOTONIC, time.as_mut_ptr());
            time.assume_init()
        };
        Self(time.tv_sec as u64 * SECOND + time.tv_nsec as u64)
    }

    pub fn elapsed(self) -> Duration {
        Self::now().saturating_duration_since(self)
    }

    pub fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, more: Duration) -> Self {
        let more =
            more.as_secs().saturating_mul(SECOND).saturating_add(u64::from(more.subsec_nanos()));
        Self(self.0.saturating_add(more))
    }
}

#[cfg(test)]
mod tests {
    use super::Instant;
    use std::thread::sleep;
    use std::time::Duration;

    #[test]
    fn it_goes_forward_as_the_clock_of_std_does() {
        let (before, ours) = (std::time::Instant::now(), Instant::now());
        sleep(Duration::from_millis(2));
        let (since, between) = (ours.elapsed(), before.elapsed());
        assert!(since >= Duration::from_millis(2) && since <= between, "{since:?} {between:?}");
        assert!(Instant::now() > ours);
        assert_eq!(ours.saturating_duration_since(Instant::now()), Duration::ZERO);
    }

    #[test]
    fn sums_are_exact_and_do_not_wrap() {
        let start = Instant::now();
        let later = start + Duration::new(3, 7);
        assert_eq!(later.saturating_duration_since(start), Duration::new(3, 7));
        assert!(start + Duration::MAX > later);
        assert_eq!(start + Duration::MAX, later + Duration::MAX);
    }
}
