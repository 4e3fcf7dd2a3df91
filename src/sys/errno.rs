//! The calling thread's errno, which the C ABI promises to leave alone on success.

use libc::c_int;

#[cfg(target_os = "android")]
use libc::__errno as errno_location;
#[cfg(target_os = "linux")]
use libc::__errno_location as errno_location;

/// The calling thread's errno.
pub(crate) fn errno() -> c_int {
    // SAFETY: the C library returns a valid pointer to this thread's errno, for as long as the
    // thread lives (errno(3)).
    unsafe { *errno_location() }
}

/// Sets the calling thread's errno.
pub(crate) fn set_errno(value: c_int) {
    // SAFETY: as in `errno`; no reference to it exists.
    unsafe { *errno_location() = value }
}
