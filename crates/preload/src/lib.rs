//! libepshim_preload.so: watches an unmodified program's calls of epoll and of what epoll watches.
//!
//! The hooks are C (`hooks/`): they forward every call and, when checking is asked for, tell of it.
//! What is told arrives in `tell.rs`. Rust lies beside the calls and never around them.
//!
//! Nothing here may call a function that the library exports: it would arrive in its own hooks.
//! What the book-keeping needs from the kernel it gets by raw system calls (rustix).

#![deny(unsafe_code)]

mod books;
mod entry;
mod jump;
mod life;
mod output;
mod questions;
mod runtime;

#[allow(unsafe_code)] // libc's names
mod exports;
#[allow(unsafe_code)] // C's thread-local depth, and errno
mod guard;
#[allow(unsafe_code)] // entered from C, with the program's pointers
mod tell;
