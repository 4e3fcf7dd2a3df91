//! What the library asks the kernel, and how it asks without a trace in the program: by raw system
//! calls, from a side process where an answer takes a descriptor, and under an announced hazard where
//! the question holds a file of the program's.
//!
//! This wing writes nothing down. It uses the runtime only; libc's functions of these names would
//! be the library's own hooks.

#[allow(unsafe_code)] // the buffer of getsockopt(2)
pub mod descriptor;
#[allow(unsafe_code)] // numbers taken for descriptors
pub mod fd;
#[allow(unsafe_code)] // the side process's own table
pub mod fd_table;
#[allow(unsafe_code)] // functions of the Java virtual machine's
pub mod java;
#[allow(unsafe_code)] // a copy that the kernel makes
pub mod memory;
#[allow(unsafe_code)] // what the kernel tells every program
pub mod modules;
#[allow(unsafe_code)] // functions of V8's
pub mod node;
#[allow(unsafe_code)] // functions of the Zend engine's
pub mod php;
#[allow(unsafe_code)] // a child that is a copy
pub mod probe;
#[allow(unsafe_code)] // which thread it is
pub mod python;
#[allow(unsafe_code)] // the registers
pub mod registers;
#[allow(unsafe_code)] // functions of Ruby's
pub mod ruby;
#[allow(unsafe_code)] // a child process in the same memory
pub mod side_process;
#[allow(unsafe_code)] // the structure of getrusage(2)
pub mod threads;

#[allow(unsafe_code)] // a name of libc's
pub mod interrupted;
#[allow(unsafe_code)] // the addresses of names
mod names;

pub mod callers;
pub mod children;
mod exports;
pub mod files;
pub mod hazard;
pub mod introduce;
pub mod kernel;
pub mod line;
pub mod lines;
pub mod own_process;
pub mod proc_path;
pub mod registrations;
pub mod signalfd;
pub mod snapshot;
