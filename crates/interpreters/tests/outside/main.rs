//! The readers against real interpreters, from outside: another process's memory by process_vm_readv(2).

mod go;
mod python;
mod remote;
