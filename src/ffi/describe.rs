//! What the library says of itself: the layout it was built with, and its version.

use crate::layout::Layout;
use crate::sys;
use core::ffi::CStr;
use libc::{c_char, c_int};

const VERSION: &CStr = {
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => panic!("a version has no NUL byte"),
    }
};

/// Writes the layout of `struct epoll_event` into `out`. Returns 0, or -1 and `EFAULT` for null.
///
/// # Safety
///
/// `out` is null or writable for one [`Layout`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epshim_layout(out: *mut Layout) -> c_int {
    if out.is_null() {
        sys::set_errno(libc::EFAULT);
        return -1;
    }
    // SAFETY: not null, and so writable by the caller's contract.
    unsafe { out.write_unaligned(Layout::OURS) };
    0
}

/// The version of the library, `MAJOR.MINOR.PATCH`, as a static string.
#[unsafe(no_mangle)]
pub extern "C" fn epshim_version() -> *const c_char {
    VERSION.as_ptr()
}
