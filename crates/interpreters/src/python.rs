//! CPython, 3.8 to 3.15, 64 bits, with the global lock: which thread is at which file and line.
//!
//! What is read are the interpreter's own structures. Their offsets are in a table for the versions to 3.12
//! (`layout`); from 3.13 on the interpreter says them itself (`_Py_DebugOffsets`). The line comes from the code
//! object's table (`lines`), as the interpreter finds it for a traceback.
//!
//! - `interpreter`: which CPython it is. Another version is an error that says so in a line.
//! - `threads`: the state of each thread, for those that look from outside.
//! - `frames`: the frames of such a state.
//!
//! Nothing of the interpreter's is called and nothing is locked: no reference is counted, no lock is waited for.

mod debug_offsets;
mod frames;
mod interpreter;
mod layout;
mod lines;
mod text;
mod threads;

pub use frames::{Frame, MOST_FRAMES, Reader};
pub use interpreter::{Interpreter, SYMBOLS, Unknown, Version};
pub use lines::{Table, line_at};
pub use text::{Strings, decode};
pub use threads::{MOST_THREADS, Thread, Who};
