//! What one look at a process has seen, as plain data: no descriptor, no reference to the process.
//!
//! A look is made by [`gather`](crate::gather), by a test, or read from a file, and is judged two at a time.
//! What could not be asked is `None`, never a zero; [`Look::missing`] says why.
//!
//! Surprising: a look is not of one moment. In the first of two looks the threads are read before all else, in the
//! second behind all else, so that whoever has not moved between the two has not moved while the rest was read.

mod address;
mod epoll;
mod file;
mod process;
pub mod ready;
mod redact;
mod socket;
mod thread;

pub use address::Address;
pub use epoll::{Epoll, Registration, Sharer};
pub use file::{CLOSE_ON_EXEC, File, FileId, Kind};
pub use process::{Keeper, Look, Missing, Process, Runtime};
pub use redact::redact;
pub use socket::{Protocol, Socket, State};
pub use thread::{Call, Thread};
