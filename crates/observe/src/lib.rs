//! What can be observed of a program's epoll, and what the model asks of the outside.
//!
//! A front-end (the preload library, or a replayed trace) hands in an [`Observation`] for all that it sees.
//! It also implements two traits. [`Descriptors`] is the
//! observer's memory of descriptor numbers: the model asks it on every wait, so an answer must cost no
//! more than a few loads. [`Kernel`] stands for system calls: the model asks it only about a
//! suspicion, while the program does not wait for the answer.
//!
//! A time is a number that the observer hands in, and a [`Site`] is a number that only the observer
//! can resolve: nothing here reads a clock or unwinds a stack.

#![forbid(unsafe_code)]

mod answer;
pub mod binary;
pub mod bits;
mod calls;
mod ctl;
mod descriptors;
pub mod errno;
pub mod fault;
mod io;
mod kernel;
mod libc;
mod noted;
mod observation;
pub mod proc;
pub mod reading;
mod sites;
mod table;
mod terms;
pub mod text;

pub use answer::{Answer, Frame, Interpreted, Language, Symbol};
pub use calls::{Call, Delivery, EmptyWait, Ended, FUTILE};
pub use ctl::{ADD, AtFailure, Ctl, DEL, MOD};
pub use descriptors::{Descriptor, Descriptors, Kind, Partner};
pub use io::{Input, Io, Outcome};
pub use kernel::{Kernel, Listed};
pub use libc::is_part_of_libc;
pub use noted::Noted;
pub use observation::{Observation, What};
pub use sites::Sites;
pub use table::Table;
pub use terms::{Fd, MILLISECOND, Nanos, Pid, SECOND, Site, Tid};
