//! The calling thread's errno, which the C ABI promises to leave alone on success; and [`Errno`], the
//! error of everything within this crate.
//!
//! It is a number, as the kernel has it: `std::io::Error` needs std, which the C library is built without.
//! The Rust API turns one into the other where a call leaves the crate.

use libc::c_int;

#[cfg(target_os = "android")]
use libc::__errno as errno_location;
#[cfg(target_os = "linux")]
use libc::__errno_location as errno_location;

/// Why a call has failed: a value of errno, never 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Errno(pub c_int);

/// What a call within this crate returns.
pub(crate) type Result<T, E = Errno> = core::result::Result<T, E>;

#[cfg(feature = "std")]
impl From<Errno> for std::io::Error {
    fn from(error: Errno) -> Self {
        Self::from_raw_os_error(error.0)
    }
}

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
