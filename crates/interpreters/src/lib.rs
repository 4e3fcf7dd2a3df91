//! The user's own file and line where a program is interpreted, or has a runtime that hides its frames.
//!
//! - [`python`]: CPython's threads and frames: 3.8 to 3.15.
//! - [`go`]: Go's tables of functions, lines and frame sizes, which stripped programs have too.
//! - [`perf_map`]: the list of functions that a just-in-time compiler may write.
//! - [`user`]: which of a stack's frames is the user's.
//! - `files`, behind a feature: where a program's file has what the readers begin with.
//!
//! Each knows a process as crates/walk does, by [`Process`]: memory that may not be there. So the same
//! readers serve this process and another. They make no system call, read no clock and follow no pointer;
//! what they read is taken for what any bytes may be: every number is checked, every list has a limit.
//!
//! Surprising: a process that runs changes what is read. A thread in a system call keeps its own frames
//! as they are, so that its line is right; of a thread that runs, any answer may be wrong, and none does
//! harm.

#![forbid(unsafe_code)]

#[cfg(feature = "files")]
pub mod files;
pub mod go;
mod memory;
pub mod perf_map;
pub mod python;
pub mod user;

pub use epshim_walk::{Module, Process};
