//! Work that is not the library's own, in the midst of the book-keeping: functions of an interpreter that the
//! program runs on.
//!
//! For that time the thread runs the program: what such a function calls is recorded as the program's own calls are. A
//! collection of garbage may close files.
//!
//! To be called where no lock of the library's is held.

use crate::runtime::thread::{self, Own};
use std::sync::atomic::{Ordering::SeqCst, compiler_fence};

/// Does the work as if the program had called it. It must return, and leave the library's heap alone.
pub fn outside<R>(work: impl FnOnce() -> R) -> R {
    let own = Own::current();
    let (depth, frame) = (own.depth(), own.frame());
    thread::show_to_sanitizer();
    compiler_fence(SeqCst);
    own.set_depth(0);
    compiler_fence(SeqCst);
    let result = work();
    compiler_fence(SeqCst);
    // In this order, as in the guard: a handler that finds the depth finds the frame.
    own.set_frame(frame);
    compiler_fence(SeqCst);
    own.set_depth(depth);
    compiler_fence(SeqCst);
    thread::hide_from_sanitizer();
    result
}
