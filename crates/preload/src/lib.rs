//! libepshim_preload.so: watches an unmodified program's calls of epoll and of what epoll watches.
//!
//! The hooks are C (`hooks/`): they forward every call and, when checking is asked for, tell of it.
//! What is told arrives in `tell.rs`. Rust lies beside the calls and never around them.
//!
//! Nothing here may call a function that the library exports: it would arrive in its own hooks.
//! What the book-keeping needs from the kernel it gets by raw system calls (rustix).

#![deny(unsafe_code)]

mod attention;
mod blocking;
mod jump;
mod looking;
mod options;
mod report;
mod runtime;

#[allow(unsafe_code)] // a child in the same memory
mod aside;
#[allow(unsafe_code)] // memory from the kernel, shared by all threads
mod descriptors;
#[allow(unsafe_code)] // libc's names
mod exports;
#[allow(unsafe_code)] // memory that processes share
mod family;
#[allow(unsafe_code)] // numbers taken for descriptors
mod files;
#[allow(unsafe_code)] // the loader's list
mod frames;
#[allow(unsafe_code)] // C's thread-local depth, and errno
mod guard;
#[allow(unsafe_code)] // numbers taken for descriptors
mod kernel;
#[allow(unsafe_code)] // what the lock guards
mod model;
#[allow(unsafe_code)] // standard error
mod output;
#[allow(unsafe_code)] // the unwinder
mod stacks;
#[allow(unsafe_code)] // another program in a child
mod symbolize;
#[allow(unsafe_code)] // a child's own descriptors
mod table;
#[allow(unsafe_code)] // entered from C, with the program's pointers
mod tell;
#[allow(unsafe_code)] // a thread
mod watcher;
