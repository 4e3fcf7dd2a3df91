//! The clocks. They are read through the vDSO or by a raw system call, never through libc.
//!
//! In a sandbox they are read from the page that the kernel keeps for the vDSO: some clock sources (hpet, xen)
//! take a system call, the coarse clocks none, which are right to a few milliseconds. Where there is no
//! vDSO, time stands still then.

use crate::runtime::sandbox::{self, Call};
use rustix::time::{ClockId, Timespec, clock_gettime};
use std::time::Duration;

/// Nanoseconds of `CLOCK_MONOTONIC`.
pub fn now() -> u64 {
    let now = read(ClockId::Monotonic, ClockId::MonotonicCoarse);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// The time of day, since 1970.
pub fn since_1970() -> Duration {
    let now = read(ClockId::Realtime, ClockId::RealtimeCoarse);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec as u32)
}

fn read(clock: ClockId, coarse: ClockId) -> Timespec {
    if sandbox::may(Call::Identity) {
        return clock_gettime(clock);
    }
    // SAFETY: it takes a number, and reads what the kernel left on the stack.
    let has_vdso = unsafe { libc::getauxval(libc::AT_SYSINFO_EHDR) } != 0;
    if has_vdso { clock_gettime(coarse) } else { Timespec { tv_sec: 0, tv_nsec: 0 } }
}
