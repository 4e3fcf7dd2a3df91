//! Which process this memory belongs to, and the end of that process. A forked child has a copy of the
//! books, which is its own; a vforked child runs in its parent's memory with descriptors of its own,
//! and must not touch the parent's books.
//!
//! fork(3) calls its handlers, but `_Fork`, clone and vfork do not. So there is a page that the
//! kernel wipes in every copy of the memory (madvise(2), MADV_WIPEONFORK, Linux 4.14), and a
//! process id to compare.

use crate::runtime::sandbox::{self, Call};
use crate::runtime::{pages, thread};
use rustix::mm::{Advice, MapFlags, madvise};
use std::ffi::{c_char, c_int};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU32, Ordering::Relaxed};

unsafe extern "C" {
    // `hooks/exit.c`: libc's `_exit`, which the library exports itself. Every number is a status.
    safe fn epshim_leave(status: c_int);
    // `hooks/exec.c`: libc's `execve`, likewise.
    fn epshim_execute(
        path: *const c_char,
        arguments: *const *const c_char,
        environment: *const *const c_char,
    );
}

const PAGE: usize = 4096;

/// The page's first word: 1, or 0 in a copy that the library has not noticed yet. Null: there is no
/// such page.
static MARK: AtomicPtr<AtomicU32> = AtomicPtr::new(ptr::null_mut());
static ID: AtomicI32 = AtomicI32::new(0);
static IS_FORKED: AtomicBool = AtomicBool::new(false);

/// Before the checking starts.
pub fn prepare() {
    thread::find_id_of_libc();
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

/// Whether a copy of this memory is noticed, however it was made.
pub fn is_marked() -> bool {
    !MARK.load(Relaxed).is_null()
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

/// Whether the memory is this process's own. In a child of vfork it is the parent's. In a sandbox that is not
/// known, and taken for true.
pub fn owns_memory() -> bool {
    !sandbox::may(Call::Identity) || ID.load(Relaxed) == current_id()
}

/// The process whose books these are.
pub fn id() -> i32 {
    ID.load(Relaxed)
}

/// The id of the process that calls: in a child of vfork not that of these books.
pub fn current_id() -> i32 {
    if sandbox::may(Call::Identity) {
        return rustix::process::getpid().as_raw_nonzero().get();
    }
    // A process of one thread, as it is in a forked child, has that thread's id.
    thread::id_of_libc().unwrap_or_else(id)
}

/// The id under which the kernel gives this memory and these descriptors, without a system call where it is
/// known: the calling thread's. Not the process's, which is its first thread's: where that has ended by
/// pthread_exit(3), nothing is behind it any more. In a side process it is the thread's that started it. In a
/// copy that was not noticed yet, what is known is the parent's.
pub fn thread_id() -> i32 {
    // SAFETY: as in `is_new_copy`.
    match unsafe { MARK.load(Relaxed).as_ref() } {
        Some(mark) if mark.load(Relaxed) == 1 => thread::tid(),
        _ => rustix::thread::gettid().as_raw_nonzero().get(),
    }
}

/// Executes a program of the library's own; returns where that fails.
///
/// # Safety
/// As execve(2) has it: a string, and two arrays of strings with a null pointer at the end.
pub unsafe fn execute(
    path: *const c_char,
    arguments: *const *const c_char,
    environment: *const *const c_char,
) {
    // SAFETY: as the caller promises.
    unsafe { epshim_execute(path, arguments, environment) };
}

/// Ends the program, at once: its own handlers do not run.
pub fn halt(code: u8) {
    thread::show_to_sanitizer();
    epshim_leave(c_int::from(code));
}
