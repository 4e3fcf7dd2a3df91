//! What is wrong with an event loop: observations of a program's epoll calls in, findings out.
//!
//! This crate makes no system call, reads no clock, starts nothing and prints nothing. An observer
//! (the preload library, or a test with a trace written by hand) hands in what the program did and
//! when, and asks which suspicions are due. What only the kernel can answer is asked through
//! [`Kernel`]; [`ports`] has all that an observer provides.

#![forbid(unsafe_code)]

mod checker;
mod epoll;
mod epolls;
mod finding;
mod intent;
mod io;
pub mod options;
pub mod ports;
pub mod printable;
pub mod replay;
pub mod report;
mod rule;
pub mod rules;
mod suspicion;
mod tally;
mod thread;

pub use checker::{ADD, Asked, AtFailure, Checker, Ctl, DEL, MOD};
pub use finding::{Advice, Finding, Role};
pub use io::{Input, Io, Outcome};
pub use options::Options;
pub use ports::Kernel;
pub use rule::{Certainty, Explanation, Rule};
pub use suspicion::{Suspicion, Verdict};
pub use tally::{Fingerprint, Tally};
