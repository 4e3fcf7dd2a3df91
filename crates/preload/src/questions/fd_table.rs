//! How a side process, which begins with the program's own descriptor table, leaves it for a table of
//! its own, in which are 0, 1 and 2.
//!
//! With close_range(2) the kernel does not copy the program's descriptors to close them, but for the
//! first 64, for the length of that call (fs/file.c, dup_fd: it copies whole words of the bitmap). The
//! call is made by libc's syscall(2), looked up behind the library's own: libc has no other way to it
//! that is not wrapped.

use crate::questions::fd::{FdNumber, close};
use rustix::fd::RawFd;
use rustix::fs::{Mode, OFlags, RawDir, open};
use rustix::thread::{UnshareFlags, unshare_unsafe};
use std::ffi::{c_long, c_uint, c_void};
use std::mem::{MaybeUninit, transmute};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

/// libc's syscall(2).
pub type SystemCall = unsafe extern "C" fn(c_long, ...) -> c_long;

/// The same on every architecture that there are hooks for. Linux 5.9.
const CLOSE_RANGE: c_long = 436;
const CLOSE_RANGE_UNSHARE: c_uint = 2;

static SYSTEM_CALL: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());

/// Before the checking starts: looks the function up. Later is too late: the loader's lock may be held
/// for as long as a library's constructor runs.
pub fn prepare() {
    // SAFETY: a string.
    let found = unsafe { libc::dlsym(libc::RTLD_NEXT, c"syscall".as_ptr()) };
    SYSTEM_CALL.store(found, Relaxed);
}

/// The function that was looked up.
pub fn system_call() -> Option<SystemCall> {
    let found = SYSTEM_CALL.load(Relaxed);
    // SAFETY: not null, so libc's function of that name, which has this type.
    (!found.is_null()).then(|| unsafe { transmute::<*mut c_void, SystemCall>(found) })
}

/// Called in the side process. False if it could not leave: the table is still the program's.
pub fn leave(system_call: Option<SystemCall>) -> bool {
    let left = system_call.is_some_and(|system_call| {
        let (first, last): (c_uint, c_uint) = (3, c_uint::MAX);
        // SAFETY: numbers only; with this flag the table that it closes in is the caller's own.
        unsafe { system_call(CLOSE_RANGE, first, last, CLOSE_RANGE_UNSHARE) == 0 }
    });
    if left {
        return true;
    }
    // SAFETY: the side process uses no descriptor that it got before.
    if unsafe { unshare_unsafe(UnshareFlags::FILES) }.is_err() {
        return false;
    }
    close_others();
    true
}

/// Closes all but 0, 1 and 2 in a table that is the side process's own.
fn close_others() {
    /// Numbers to close where there is no /proc, or no number left to open it.
    const NUMBERS: RawFd = 4096;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let Ok(folder) = open(c"/proc/self/fd", flags, Mode::empty()) else {
        (3..NUMBERS).for_each(close);
        return;
    };
    let folder = FdNumber::of(folder);
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut entries = RawDir::new(folder, &mut buffer);
    while let Some(Ok(entry)) = entries.next() {
        let number = entry.file_name().to_str().ok().and_then(|name| name.parse().ok());
        if let Some(number) = number.filter(|&number: &RawFd| number > 2 && number != folder.raw())
        {
            close(number);
        }
    }
    folder.close();
}
