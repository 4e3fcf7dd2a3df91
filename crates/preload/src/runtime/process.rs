//! Which process this memory belongs to, and the end of that process. A forked child has a copy of the
//! books, which is its own; a vforked child runs in its parent's memory with descriptors of its own,
//! and must not touch the parent's books.
//!
//! fork(3) calls its handlers, but `_Fork`, clone and vfork do not. So there is a page that the
//! kernel wipes in every copy of the memory (madvise(2), MADV_WIPEONFORK, Linux 4.14), and a
//! process id to compare.

use crate::runtime::{pages, thread};
use rustix::mm::{Advice, MapFlags, madvise};
use std::ffi::c_int;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU32, Ordering::Relaxed};

unsafe extern "C" {
    // `hooks/exit.c`: libc's `_exit`, which the library exports itself. Every number is a status.
    safe fn epshim_leave(status: c_int);
}

const PAGE: usize = 4096;

/// The page's first word: 1, or 0 in a copy that the library has not noticed yet. Null: there is no
/// such page.
static MARK: AtomicPtr<AtomicU32> = AtomicPtr::new(ptr::null_mut());
static ID: AtomicI32 = AtomicI32::new(0);
static IS_FORKED: AtomicBool = AtomicBool::new(false);

/// Before the checking starts.
pub fn prepare() {
    ID.store(current_id(), Relaxed);
    let Some(page) = pages::map(PAGE, MapFlags::PRIVATE) else { return };
    // SAFETY: a new mapping, which is never unmapped. It is zeroed, suitably aligned, and from here on used
    // as an atomic only.
    unsafe {
        if madvise(page, PAGE, Advice::LinuxWipeOnFork).is_ok() {
            let mark: *mut AtomicU32 = page.cast();
            (*mark).store(1, Relaxed);
            MARK.store(mark, Relaxed);
        }
    }
}

/// Whether this memory is a copy that the library has not noticed yet. True once for each copy.
pub fn is_new_copy() -> bool {
    let mark = MARK.load(Relaxed);
    // SAFETY: null, or the mapping that `prepare` made, which is never unmapped.
    let Some(mark) = (unsafe { mark.as_ref() }) else { return false };
    mark.load(Relaxed) == 0 && mark.swap(1, Relaxed) == 0
}

/// From now on the copy is this process's own.
pub fn adopt() {
    ID.store(current_id(), Relaxed);
    IS_FORKED.store(true, Relaxed);
}

/// Whether this process is a child of the one that the library was loaded into.
pub fn is_forked() -> bool {
    IS_FORKED.load(Relaxed)
}

/// Whether the memory is this process's own. In a child of vfork it is the parent's.
pub fn owns_memory() -> bool {
    ID.load(Relaxed) == current_id()
}

/// The process whose books these are.
pub fn id() -> i32 {
    ID.load(Relaxed)
}

fn current_id() -> i32 {
    rustix::process::getpid().as_raw_nonzero().get()
}

/// Ends the program, at once: its own handlers do not run.
pub fn halt(code: u8) {
    thread::show_to_sanitizer();
    epshim_leave(c_int::from(code));
}
