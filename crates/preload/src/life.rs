//! The life of the checker in a process: its start from the options, its copy in a forked child, and the
//! monitor thread, which asks the kernel about suspicions and reports while the program runs.
//!
//! Decides when things happen; what happens is in the wings below. Uses the output, the books, the
//! questions and the runtime.

pub mod fork;
pub mod introductions;
pub mod luck;
pub mod monitor;
pub mod options;
pub mod sandbox;
pub mod start;
pub mod suspicions;
