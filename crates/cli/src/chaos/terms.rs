//! What a run is held against: its test, and what runs without faults took and had.

use super::ready::Ready;
use crate::args::ChaosOptions;
use epshim_ledger::Made;
use epshim_observe::fault::Fault;
use std::collections::BTreeSet;
use std::fs;
use std::thread;
use std::time::Duration;

/// No run hangs before this.
const LEAST: Duration = Duration::from_millis(2500);
/// How long the first may take.
const FIRST: Duration = Duration::from_secs(600);
/// How often a run that goes on may take its limit.
pub const MOST: u32 = 10;

/// So many times as long is slow.
pub const SLOW: u32 = 10;
/// A run that is shorter is mostly the start of a program.
const SHORTEST: Duration = Duration::from_millis(50);

/// What a run is held against.
pub struct Terms {
    pub test: Option<String>,
    pub ready: Option<Ready>,
    pub timeout: Option<Duration>,
    /// The longest run without faults, and what was found in them.
    pub usual: Duration,
    pub known: BTreeSet<String>,
}

impl Terms {
    pub fn new(options: &ChaosOptions) -> Self {
        Self {
            test: options.test.clone(),
            ready: options.ready.clone(),
            timeout: options.timeout,
            usual: Duration::ZERO,
            known: BTreeSet::new(),
        }
    }

    /// Whether a run took far longer than without faults, the sleeps that are faults themselves left out.
    pub fn is_slow(&self, took: Duration, made: &[Made]) -> bool {
        let late = made.iter().filter(|made| made.name.fault == Fault::WaitLate);
        let slept = Duration::from_micros(late.map(|made| made.gives).sum());
        let usual = self.usual.max(SHORTEST) * busy();
        !self.usual.is_zero() && took.saturating_sub(slept) > usual * SLOW
    }

    /// How long a run may take. The first has no other to be held against.
    pub fn limit(&self) -> Duration {
        let usual = if self.usual.is_zero() { FIRST } else { LEAST.max(self.usual * 3) * busy() };
        self.timeout.unwrap_or(usual)
    }
}

/// How many threads there are for each processor (proc_loadavg(5)), from 1 to [`MOST`]: a program on a busy machine
/// waits for its turn.
pub fn busy() -> u32 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: f64 = text.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(1.0);
    let processors = thread::available_parallelism().map_or(1, usize::from);
    ((load / processors as f64).ceil() as u32).clamp(1, MOST)
}
