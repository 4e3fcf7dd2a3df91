//! The model: observations in, in the order of their times; a [`Profile`](crate::Profile) out.
//!
//! It sums up while the program runs and keeps no record, but for the calls of the turn that a thread is in, the latest
//! turns, and the slow ones. What it keeps is bounded by limits that stand where they hold, however long the program
//! runs.
//!
//! `core.rs` takes observations apart, for `waits.rs`, `turns.rs`, `deliveries.rs` and `calls.rs`. `threads.rs` has what threads do with their time, `descriptors.rs` what happens
//! on descriptors, `epolls.rs` which registration a delivery is of, `wakes.rs` what comes of deliveries, `slow.rs` the
//! slow turns, `columns.rs` the run along its time, `recent.rs` what the maps are, `finish.rs` makes the document.

mod asked;
mod call;
mod calls;
mod columns;
mod core;
mod counts;
mod deliveries;
mod descriptors;
mod distribution;
mod epolls;
mod finish;
mod latest;
mod losses;
mod options;
mod processes;
mod queue;
mod queues;
mod recent;
mod sites;
mod slow;
mod so_far;
mod thread;
mod threads;
mod told;
mod turns;
mod waits;
mod wakes;

pub use self::core::Model;
pub use options::Options;
