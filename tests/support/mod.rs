//! What the integration tests share: child processes, the C compiler and other tools, and the few
//! system calls that the standard library does not offer.
//!
//! Everything here waits for a condition with a limit, and panics with the reason when the limit
//! passes. Nothing sleeps to give something else time to happen.
#![allow(dead_code)] // Each test program is a crate of its own and uses a part of this.

pub mod c_compiler;
pub mod misuse;
pub mod process;
pub mod sys;
pub mod tools;

use std::thread;
use std::time::{Duration, Instant};

/// How long a test waits for anything: far longer than a slow machine needs, so that only what
/// would never happen fails.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Waits until `look` finds something, and returns it. For what the kernel reports to nobody, such
/// as the number of descriptors in another process.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < LIMIT, "waited {LIMIT:?} in vain for {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Calls its function when it is dropped, thus also when the test fails: threads that run until
/// they are told to end must be told then too, or the test would not fail but hang.
pub struct OnDrop<F: Fn()>(pub F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
