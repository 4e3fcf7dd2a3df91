//! The user's own file, line and function, where a thread's native frames are an interpreter's, or a runtime has no
//! tables of frames: CPython and Go, by the readers of `crates/interpreters`. The threads are not stopped.
//!
//! - `reader`: which language it is, and its frames. `python`, `go`: each one's own.
//! - `loaded`: a program's file, and where it lies in memory.
//!
//! Surprising: this is of threads that run, too. What is said of one of those is where it was a moment ago; it is
//! said only if its frames were read to their end.

mod frame;
mod go;
mod loaded;
mod python;
mod reader;
mod remote;

pub use frame::{Frame, Language};
pub use reader::Reader;
