//! `epshim inspect` on programs that are stuck, each in one way: all are named, with the right certainty, and none
//! notices that it was looked at. Programs that are right are not named.
//!
//! What a look finds depends on how old a thing is, so it is looked again until it is named, with a limit. What
//! must not be named is looked at once.

#[path = "../command/mod.rs"]
mod command;

#[path = "../corpus/schema.rs"]
mod schema;

mod answer;
mod corpus;
mod languages;
mod metrics;
mod robust;
mod runtimes;
mod silence;
mod states;
mod stuck;
mod terminal;
mod watch;
