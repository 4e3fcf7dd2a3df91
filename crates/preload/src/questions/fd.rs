//! A number that may be a descriptor: one of the program's, which another thread may close at any
//! moment, or one that the library has opened itself.
//!
//! Safe system calls take the number through [`AsFd`]: where it is not open, the kernel says EBADF.
//!
//! Surprising: a number closes nothing when it is dropped. The closing type of std calls libc's
//! close(2), which is the library's own hook; here a descriptor is closed by the system call.

use rustix::fd::{AsFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};

/// A number that may be a descriptor. Not negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FdNumber(RawFd);

impl FdNumber {
    /// The program's standard error.
    pub const STDERR: Self = Self(libc::STDERR_FILENO);

    /// A number that no descriptor has: it is above every limit (fs/file.c, sysctl_nr_open_max).
    pub const HIGHEST: Self = Self(RawFd::MAX);

    /// `None`: the number is negative, and no descriptor ever has it.
    pub fn new(number: RawFd) -> Option<Self> {
        (number >= 0).then_some(Self(number))
    }

    /// The number of a descriptor that the library has just opened, and closes by [`close`].
    pub fn of(opened: OwnedFd) -> Self {
        Self(opened.into_raw_fd())
    }

    /// The number itself.
    pub fn raw(self) -> RawFd {
        self.0
    }

    /// Closes the descriptor by the system call. It must be the library's own.
    pub fn close(self) {
        close(self.0);
    }
}

impl AsFd for FdNumber {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: not negative, so not -1, which is all that the type relies on. The number goes to
        // system calls only, and each says EBADF where the number is not open.
        unsafe { BorrowedFd::borrow_raw(self.0) }
    }
}

/// Closes a descriptor by the system call. It must be the library's own, or in the table of a side
/// process.
pub fn close(number: RawFd) {
    // SAFETY: the caller's own descriptor, which no other code uses. An error closes nothing.
    unsafe { rustix::io::close(number) };
}
