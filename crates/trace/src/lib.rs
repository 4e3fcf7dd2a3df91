//! The rules of the checker on a process that already runs, in any language: its system calls come from a BPF program,
//! and what only the kernel can answer is asked from outside.
//!
//! - [`record`], [`calls`]: bytes of the ring buffer to records, records to observations. Pure.
//! - [`missing`]: why the program cannot be loaded here, as a sentence.
//! - `object`: loads and attaches it. `stream`: what it has sent, in the order of its times.
//! - `watched`: one process: the model, its descriptors, its threads, its call sites; `outside` answers the model's
//!   questions.
//! - `stalls`: threads that have left their loop for long. `introduced`: what a finding's descriptors are open on.
//! - `tape`: what of this a recording has.
//! - `followed`: one that was named, or that such a one has made; `family`: which of their epolls are one.
//! - [`Tap`]: who else is told of all that is observed.
//! - `asked`: what the engine is asked for; `answers`: what it says. [`Engine`]: all of it, pass by pass. Who calls it owns the pauses.
//!
//! Nothing is stopped and nothing is written to the processes. While the program is attached, every system call of
//! every process of the machine takes a little longer, about 82 ns; when this process ends, however it does, the kernel
//! detaches it.
//!
//! Surprising: what was before the attaching is not known. What is registered by then is read from fdinfo, and for two
//! seconds nothing is said of it.

#![deny(unsafe_code)]

mod answers;
pub mod any_bytes;
mod asked;
pub mod calls;
mod descriptors;
mod engine;
mod family;
mod followed;
mod introduced;
pub mod missing;
mod number;
mod object;
mod outside;
pub mod record;
mod sites;
mod stalls;
mod stream;
mod tap;
mod tape;
mod threads;
mod watched;

pub use answers::{Ended, Found, Refused};
pub use asked::Asked;
pub use engine::Engine;
pub use introduced::Introduced;
pub use sites::Frames;
pub use tap::Tap;
