//! What the tests and the benchmarks of all crates share.
//!
//! - [`cargo`]: the workspace, and what cargo builds of it: the preload library and other programs.
//! - [`products`]: the folder of what tests make, and the files in it.
//! - [`c_compiler`]: C programs, with the one list of warnings.
//! - [`c_library`]: the C library as it is installed.
//! - [`process`], [`output`], [`ports`]: child processes, what they write, where they listen.
//! - [`sys`]: the few system calls that the standard library does not offer.
//! - [`preload`]: programs with and without the preload library.
//! - [`peers`]: echo servers of other event loops.
//! - [`misuse`]: the corpus of programs that misuse epoll.
//! - [`tools`], [`pypi`], [`ziglang`], [`koffi`], [`pythons`], [`interpreters`]: what a test can use but a machine need not have.
//!
//! It depends on no other crate of ours, so that each of them can have it in its tests. Everything
//! here waits for a condition with a limit, and panics with the reason when the limit passes.
//! Nothing sleeps to give something else time to happen.

#![deny(unsafe_code)]

pub mod c_compiler;
pub mod c_library;
pub mod cargo;
pub mod interpreters;
pub mod koffi;
pub mod misuse;
pub mod output;
pub mod peers;
pub mod ports;
pub mod preload;
pub mod process;
pub mod products;
pub mod pypi;
pub mod pythons;
#[allow(unsafe_code)] // System calls.
pub mod sys;
pub mod tools;
pub mod ziglang;

use std::thread;
use std::time::{Duration, Instant};

/// How long a test waits for anything: far longer than a slow machine needs, so that only what
/// would never happen fails.
pub const LIMIT: Duration = Duration::from_secs(60);

/// The moment at which a test stops waiting for what it begins to wait for now.
pub fn deadline() -> Instant {
    Instant::now() + LIMIT
}

/// Waits until `look` finds something, and returns it. For what the kernel announces in no way, such
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
/// they are asked to end must be asked then too, or the test would not fail but hang.
pub struct OnDrop<F: Fn()>(pub F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
