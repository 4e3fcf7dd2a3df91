//! The guard around all book-keeping, so that the program never notices it: errno is kept, a signal
//! handler that interrupts the book-keeping is not let in, and a panic ends the checking and nothing
//! else.
//!
//! Surprising: a signal handler may run between any two statements here, and may leave by
//! siglongjmp(3). So the order in which a thread's variables change matters, and the compiler is held
//! to it by fences.

use crate::books::counts;
use crate::runtime::thread::{self, Own};
use crate::runtime::{failure, heap, watched};
use std::ptr;
use std::sync::atomic::{Ordering::SeqCst, compiler_fence};

/// Keeps book of a call. Does nothing where nothing is checked any more.
pub fn book_keeping(body: impl FnOnce()) {
    if watched::is_checking() {
        keep(|| {
            failure::panic_when_due();
            body();
        });
    }
}

/// The same, also where nothing is checked any more and the report is to say so.
pub fn keep(body: impl FnOnce()) {
    let own = Own::current();
    let here = (&raw const own).addr();
    let errno = own.errno();
    if own.depth() > 0 {
        if !has_jumped_out(own.frame(), here) {
            counts::SKIPPED.add_one();
            own.set_errno(errno);
            return;
        }
        thread::show_to_sanitizer();
        heap::abandon();
        failure::give_up("a signal handler left it by siglongjmp");
    }
    // In this order: a handler may come in between, and finds the frame if it finds the depth.
    let outer = own.frame();
    own.set_frame(here);
    compiler_fence(SeqCst);
    own.set_depth(1);
    compiler_fence(SeqCst);
    thread::hide_from_sanitizer();
    failure::contain(body);
    if heap::is_lost() {
        failure::give_up("its memory was left in the middle of a change");
    }
    thread::show_to_sanitizer();
    compiler_fence(SeqCst);
    own.set_depth(0);
    compiler_fence(SeqCst);
    own.set_frame(outer);
    own.set_errno(errno);
}

/// When the program ends: book-keeping that this thread was in the middle of, it will not go on with.
pub fn prepare_end() {
    let own = Own::current();
    let was_inside = own.depth() > 0;
    own.set_depth(0);
    if was_inside {
        thread::show_to_sanitizer();
        heap::abandon();
        failure::give_up("the program was ended in the middle of it");
    }
}

/// Whether the book-keeping that this thread went into at `frame` is gone, because that part of the
/// stack is used again. The stack grows downwards on every architecture that there are hooks for.
fn has_jumped_out(frame: usize, here: usize) -> bool {
    /// Less than what the kernel puts between a handler and what it interrupted.
    const BETWEEN: usize = 256;
    if frame == 0 || here <= frame - BETWEEN {
        return false;
    }
    // A handler's own stack may lie anywhere.
    // SAFETY: an `stack_t` is integers and a pointer, which may be null; the call fills it.
    unsafe {
        let mut own: libc::stack_t = std::mem::zeroed();
        libc::sigaltstack(ptr::null(), &raw mut own) == 0 && own.ss_flags & libc::SS_ONSTACK == 0
    }
}

/// Around fork(3), which other handlers share: what they call is not told of. Returns whether this
/// thread was in the book-keeping: the fork is made by a signal handler.
pub fn enter_fork() -> bool {
    let own = Own::current();
    if own.depth() == 0 {
        own.set_frame(0);
    }
    own.set_depth(own.depth() + 1);
    own.depth() > 1
}

/// In both processes. `give` gives back what was taken, if it was not a handler's fork.
pub fn leave_fork(give: impl FnOnce()) {
    let own = Own::current();
    if own.depth() == 1 {
        give();
    }
    own.set_depth(own.depth() - 1);
}
