//! What is wrong with an event loop: observations of a program's epoll calls in, findings out.
//!
//! This crate makes no system call, reads no clock, starts nothing and prints nothing. An observer
//! (the preload library, or a test with a trace written by hand) hands in what the program did and
//! when, and asks which suspicions are due. What only the kernel can answer is asked through
//! [`Kernel`](epshim_observe::Kernel); the crate `observe` has all that an observer provides.
//!
//! Three floors, each of which knows those below it only: `model`, what is known of the program; `engine`,
//! what is suspected and due; `rules`, what is wrong. [`Checker`] stands on them.

#![forbid(unsafe_code)]

pub mod any_bytes;
mod checker;
mod engine;
mod model;
pub mod options;
pub mod replay;
mod rules;

pub use checker::Checker;
pub use engine::{Advice, Certainty, Explanation, Finding, Fingerprint, Role, Rule, Suspicion};
pub use engine::{BLOCKS, Tally, Verdict};
pub use options::Options;
