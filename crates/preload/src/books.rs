//! The books: what the library writes down of the program. A slot for each descriptor, the model of
//! its epolls, the calls that may be blocking now, messages for the model, stacks of callers, counts.
//!
//! Slots, messages and counts take no lock: reads, writes and closes change them, in signal handlers
//! too. The books use the questions and the runtime. They report nothing.

pub mod belongings;
pub mod blocking;
#[allow(unsafe_code)] // memory from the kernel, shared by all threads
pub mod chunks;
pub mod counts;
#[allow(unsafe_code)] // memory that processes share
pub mod family;
pub mod mailbox;
pub mod model;
pub mod places;
pub mod recording;
pub mod room_waits;
pub mod slot;
#[allow(unsafe_code)] // slots are valid as zeros
pub mod slots;
pub mod stacks;
pub mod stalls;
pub mod words;
