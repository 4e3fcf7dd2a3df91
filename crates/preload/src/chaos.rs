//! Chaos: which faults are made, and that each of them is true (`epshim chaos`).
//!
//! Between the book-keeping and libc. What is known of the program's descriptors is known here a second time,
//! because a fault must be right in the moment in which it is made: `epoll_ctl` is called under this wing's lock,
//! so that no edge is armed again with what the program has just changed.
//!
//! Surprising: without chaos nothing here is ever called, and nothing is allocated.

pub mod accepts;
pub mod books;
pub mod choice;
pub mod connects;
mod edges;
pub mod fate;
pub mod idle;
pub mod known;
pub mod limit;
mod monitor;
pub mod registrations;
mod situation;
pub mod stream;
pub mod wait;
#[allow(unsafe_code)] // a mapping
mod writing;

pub use writing::map as map_ledger;
