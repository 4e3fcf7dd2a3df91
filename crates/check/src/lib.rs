//! What is wrong with an event loop: observations of a program's epoll calls in, findings out.
//!
//! This crate makes no system call, reads no clock, starts nothing and prints nothing. Whoever
//! watches a program (the preload library, or a test with a trace written by hand) tells it what
//! happened and when, and asks what is due. What only the kernel can answer is asked through
//! [`Kernel`].

#![forbid(unsafe_code)]

mod checker;
mod epoll;
mod epolls;
mod finding;
mod io;
pub mod options;
pub mod replay;
pub mod report;
mod rule;
pub mod rules;
mod suspicion;
mod tally;
mod thread;
pub mod world;

pub use checker::{ADD, Asked, AtFailure, Checker, Ctl, DEL, MOD};
pub use finding::{Finding, Role};
pub use io::{Input, Io, Outcome};
pub use options::Options;
pub use rule::{Certainty, Explanation, Rule};
pub use suspicion::{Suspicion, Verdict};
pub use tally::{Key, Tally};
pub use world::Kernel;
