//! libepshim_preload.so: watches an unmodified program's calls of epoll and of what epoll watches.
//!
//! The hooks are C (`hooks/`): they forward every call and, when checking is asked for, report it.
//! The reports arrive in `entry/`. Rust lies beside the calls and never around them. The wings, from
//! the highest to the lowest; each uses only those below it:
//!
//! - `entry/`: entered from C, on the program's threads; the guard around the book-keeping
//! - `life/`: the checker's start, its copy in a forked child, and the monitor thread
//! - `chaos/`: which faults are made, where `epshim chaos` asks for them
//! - `output/`: findings and the end of the report, and names for addresses
//! - `books/`: what is written down of the program: slots, model, mailbox, counts
//! - `questions/`: what the kernel is asked, without a trace in the program
//! - `runtime/`: the library's own locks, heap, thread variables, process, switches
//!
//! Nothing here may call a function that the library exports: it would arrive in its own hooks.
//! What the book-keeping needs from the kernel it gets by raw system calls (rustix).

#![deny(unsafe_code)]

mod books;
mod chaos;
mod entry;
mod life;
mod output;
mod questions;
mod runtime;
