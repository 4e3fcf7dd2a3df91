//! The guard around all book-keeping, so that the program never notices it: errno is kept, a signal
//! handler that interrupts the book-keeping is not let in, and a panic ends the checking and nothing
//! else.
//!
//! Owns how deep a thread is in the book-keeping, and who may enter it. It never touches the books
//! itself.
//!
//! Surprising: a signal handler may run between any two statements here, and may leave by
//! siglongjmp(3). So the order in which a thread's variables change matters, and fences hold the
//! compiler to it.

use crate::books::counts;
use crate::life::fork;
use crate::runtime::sandbox::{self, Call};
use crate::runtime::thread::{self, Own};
use crate::runtime::{failure, heap, process, watched};
use std::ptr;
use std::sync::atomic::{Ordering::SeqCst, compiler_fence};

/// Book-keeping of what changes which file a descriptor names, and who watches it: not in a
/// vforked child, which does such things on its way to exec.
pub fn record_change(body: impl FnOnce()) {
    record(|| {
        if process::owns_memory() {
            body();
        }
    });
}

/// Book-keeping of what a program does for every message: without the system call that it takes to
/// know a vforked child. What such a child reads and writes only counts as this process's calls.
pub fn record(body: impl FnOnce()) {
    if_checking(|| {
        if process::is_new_copy() {
            fork::adopt();
        }
        body();
    });
}

/// Book-keeping, where calls are checked; nothing otherwise.
pub fn if_checking(body: impl FnOnce()) {
    if watched::is_checking() {
        guarded(|| {
            failure::panic_when_due();
            body();
        });
    }
}

/// Book-keeping, also where nothing is checked any more.
pub fn guarded(body: impl FnOnce()) {
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
    failure::give_up_without_memory();
    thread::show_to_sanitizer();
    compiler_fence(SeqCst);
    own.set_depth(0);
    compiler_fence(SeqCst);
    own.set_frame(outer);
    own.set_errno(errno);
}

/// When the program ends. A thread that was in the middle of book-keeping does not go on with it.
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
    if frame == 0 || here <= frame - BETWEEN || !sandbox::may(Call::Signals) {
        return false;
    }
    // A handler's own stack may lie anywhere.
    // SAFETY: a `stack_t` is integers and a pointer, which may be null; the call fills it.
    unsafe {
        let mut own: libc::stack_t = std::mem::zeroed();
        libc::sigaltstack(ptr::null(), &raw mut own) == 0 && own.ss_flags & libc::SS_ONSTACK == 0
    }
}

/// Around fork(3), whose other handlers run meanwhile: their calls are not recorded. Returns whether
/// this thread was in the book-keeping: a signal handler makes the fork then.
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
