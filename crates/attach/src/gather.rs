//! Makes a look at a process: the only part of this crate that asks the kernel.
//!
//! Nothing is stopped, written to or waited on; nothing is copied unless `copies` says so, and then only pipes,
//! inotify instances, epolls and devices (`copies.rs`). A process may end, and each of its descriptors and threads
//! may go, between any two reads: what is gone is left out, and the second look judges.
//!
//! Surprising: the folder of the process is opened once (`folder.rs`). A process id that is used again then
//! answers "no such process", and never for another process.

mod clock;
mod copies;
mod devices;
mod epolls;
mod files;
mod folder;
mod ghosts;
#[allow(unsafe_code)] // kcmp(2)
mod kcmp;
mod kin;
mod look;
mod memory;
mod no_look;
mod options;
mod permissions;
mod process;
mod questions;
mod round;
mod running;
mod runtime;
mod sockets;
mod states;
mod table;
mod threads;
mod tree;
mod wanted;

pub use clock::{now, since_1970};
pub use folder::Folder;
pub use look::{Order, Target};
pub use memory::Memory;
pub use no_look::NoLook;
pub use options::Options;
pub use process::{Epollers, with_epolls};
pub use questions::Questions;
pub use round::Round;
pub use running::running_with_epolls;
pub use tree::{descendants, is_same_file, same_epolls};
