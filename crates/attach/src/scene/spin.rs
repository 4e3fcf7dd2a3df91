//! A thread that spins: it never sleeps, and all the time there was it ran or waited for a processor.
//!
//! Whether it spins in system calls or computes is told by its time in the kernel. A loop that turns without a pause
//! spends a good part there; what computes spends nearly none, unless its memory is being made for it, which shows
//! as page faults.

use crate::look::{Call, Thread};

/// A thread that spins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spin {
    /// The thread.
    pub tid: i32,
    /// Percent of the time between the looks that it ran.
    pub percent: u64,
    /// Percent of its time that the kernel had. `None`: too little to tell.
    pub in_kernel: Option<u64>,
}

/// Of the time between two looks, this much must be accounted for: what a thread is waiting for at the moment is
/// counted when it ends.
const ACCOUNTED: u64 = 75;
/// Fewer ticks than these say nothing.
const FEW_TICKS: u64 = 4;
/// Percent in the kernel of a thread that makes calls without a pause. Measured: loops in C 60 to 95, Python 20.
const CALLING: u64 = 8;
/// Page faults a second of a thread whose kernel time is not of calls.
const FAULTS: u64 = 5_000;

impl Spin {
    /// From two looks at a thread. `None`: it does not spin, or it is not known.
    #[must_use]
    pub fn of(then: &Thread, now: &Thread) -> Option<Self> {
        let since = |now: Option<u64>, then: Option<u64>| now?.checked_sub(then?);
        let wall = now.at.checked_sub(then.at).filter(|&wall| wall > 0)?;
        let is_running = |thread: &Thread| {
            thread.state == 'R' && matches!(thread.call, Call::Running | Call::Unknown)
        };
        if !is_running(then) || !is_running(now) || since(now.sleeps, then.sleeps)? != 0 {
            return None;
        }
        let (ran, queued) = (since(now.ran, then.ran)?, since(now.queued, then.queued)?);
        if (ran + queued) * 100 < wall * ACCOUNTED {
            return None;
        }
        let (user, kernel) = now.ticks?;
        let (user_then, kernel_then) = then.ticks?;
        let (user, kernel) = (user.saturating_sub(user_then), kernel.saturating_sub(kernel_then));
        let faults = since(now.faults, then.faults).unwrap_or(0);
        let has_faults = faults.saturating_mul(1_000_000_000) / wall > FAULTS;
        let is_told = user + kernel >= FEW_TICKS && !has_faults;
        Some(Self {
            tid: now.tid,
            percent: (ran * 100 / wall).min(100),
            in_kernel: is_told.then(|| kernel * 100 / (user + kernel)),
        })
    }

    /// Whether it makes system calls without a pause.
    #[must_use]
    pub fn is_calling(&self) -> bool {
        self.in_kernel.is_some_and(|percent| percent >= CALLING)
    }
}
