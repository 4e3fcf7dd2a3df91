//! The clock of records and looks.

use epshim_observe::Nanos;
use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds of the monotonic clock, as the BPF program's own.
pub fn now() -> Nanos {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}
