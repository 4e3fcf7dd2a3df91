//! `epshim check --pid`: programs that were started without epshim, and are attached to before they go wrong. Where
//! the kernel or the sandbox of the machine does not let bpf(2), each test says so and ends: no setup can change that.

#[path = "../command/mod.rs"]
mod command;
mod corpus;
mod ends;
mod engine;
mod go;
mod introductions;
mod launched;
mod nginx;
mod profile;
mod recorded;
mod servers;
mod tree;
