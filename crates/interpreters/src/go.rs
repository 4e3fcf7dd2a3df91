//! Go: the table of functions that every Go program carries (`.gopclntab`), stripped or not.
//!
//! Its format has changed with Go 1.2, 1.16, 1.18 and 1.20; a program's own table says which it has. From an
//! instruction it gives function, file and line; and how much of the stack the function has taken there, so
//! that the callers of a thread that is blocked are found from its stack and instruction pointers.
//!
//! - `table`: the parts of the table, and what it says of an instruction.
//! - `inlined`: the functions that the compiler has put into others.
//! - `stack`: the walk.
//! - `goroutines`: where a goroutine has last called the runtime: that of a thread that runs, and those that wait.
//! - `owner`: whose a function is.
//!
//! Surprising: goroutines are found by a symbol, which a stripped program does not have; its threads are walked all the same. Before Go 1.18 what was
//! inlined has its own file and line, and the name of the function that it was put into.

mod goroutines;
mod inlined;
mod numbers;
mod owner;
mod stack;
mod table;

pub use goroutines::{Kept, kept, waiting};
pub use inlined::Inlined;
pub use owner::is_users;
pub use stack::{Call, MOST_CALLS, calls};
pub use table::{Place, Table};
