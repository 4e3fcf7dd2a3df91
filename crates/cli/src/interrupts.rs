//! Signals that want this command to end, as a number that is looked at between two steps.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The latest of them.
#[derive(Debug, Clone)]
pub struct Interrupts(Arc<AtomicUsize>);

impl Interrupts {
    /// From now on SIGINT, SIGTERM and SIGHUP end nothing by themselves.
    pub fn begin() -> io::Result<Self> {
        let latest = Arc::new(AtomicUsize::new(0));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register_usize(signal, Arc::clone(&latest), signal as usize)?;
        }
        Ok(Self(latest))
    }

    /// Whether one has come, which stays so.
    pub fn has_come(&self) -> bool {
        self.0.load(Relaxed) != 0
    }

    /// Takes the latest one.
    pub fn take(&self) -> Option<i32> {
        i32::try_from(self.0.swap(0, Relaxed)).ok().filter(|&signal| signal != 0)
    }
}
