//! Whether the machine stood still: a virtual machine that is not scheduled for seconds, or one whose
//! memory is gone. Programs that watch and are watched by the clock then meet their ends in any order,
//! and a run says nothing. It is told apart from a slow machine by a thread that only sleeps.

use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

const NAP: Duration = Duration::from_millis(10);
/// A thread that wants 10 ms gets them later than this only if the whole machine stands still.
const STALL: Duration = Duration::from_millis(300);

/// From when to when.
type Stall = (Instant, Instant);

static STALLS: LazyLock<Mutex<Vec<Stall>>> = LazyLock::new(|| {
    thread::spawn(|| {
        loop {
            let start = Instant::now();
            thread::sleep(NAP);
            if start.elapsed() > STALL {
                let stall = (start, Instant::now());
                STALLS.lock().unwrap_or_else(PoisonError::into_inner).push(stall);
            }
        }
    });
    Mutex::default()
});

/// The longest time, since `start`, for which the machine stood still. To be called once before, which
/// starts the thread that looks.
pub fn since(start: Instant) -> Option<Duration> {
    // The sleeper may be as late as we are.
    thread::sleep(2 * NAP);
    let stalls = STALLS.lock().unwrap_or_else(PoisonError::into_inner);
    let here = stalls.iter().filter(|(_, end)| *end > start);
    here.map(|(from, end)| *end - (*from).max(start)).max()
}
