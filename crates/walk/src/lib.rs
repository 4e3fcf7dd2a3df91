//! Walks a stack: from a thread's registers to the calls that led there, by the unwind tables
//! (.eh_frame) of the modules that the calls are in.
//!
//! The walk knows a process by [`Process`] only: memory that may not be there, and modules. It is the
//! same for the calling thread's own stack and for another process's. It makes no system call,
//! follows no pointer, and allocates nothing. Each word of the stack and each byte of a table is read
//! through [`Process::read`], which answers for a wrong address too; so nothing that lies on a stack
//! can end the program.
//!
//! A walk ends before an address that is in no module's code (a coroutine's dummy, code made at run
//! time), and behind the first call that no table describes, at a stack that does not grow, at memory
//! that is not there, and after a number of calls. What it has visited until then is so.
//!
//! Surprising: it visits the address that a call returns to, but looks the table up one byte before: the
//! call may be the last instruction of its function. Behind a signal's frame it is the address itself.

#![forbid(unsafe_code)]

mod architecture;
mod cache;
mod expression;
mod process;
mod row;
mod rule;
mod table;
mod trampoline;
mod walker;
mod window;

pub use architecture::{Architecture, REGISTERS, Registers};
pub use process::{Module, Process};
pub use walker::{End, MOST_FRAMES, Walker};
