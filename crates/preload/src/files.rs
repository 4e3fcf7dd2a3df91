//! Files, opened aside and closed at once: the library holds no descriptor, because programs close
//! those that they do not know (closefrom(3)), and expect the numbers that are free.

use crate::aside::aside_or_here;
use rustix::fd::{BorrowedFd, IntoRawFd, RawFd};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::{self, Errno, read, retry_on_intr};
use std::ffi::CStr;

/// The content of a file. False if it cannot be read.
///
/// `/proc/self` is not the program's: write `/proc/PID/fdinfo/N`. Where the program may not be
/// looked at from another process (PR_SET_DUMPABLE(2const)), it is read here after all.
pub fn read_file(path: &CStr, into: &mut Vec<u8>) -> bool {
    let mut read = || {
        into.clear();
        with_file(path, OFlags::RDONLY, |file| read_to_end(file, into))
    };
    let outcome = match aside_or_here(&mut read) {
        Some(Err(Errno::ACCESS | Errno::PERM)) => Some(read()),
        outcome => outcome,
    };
    outcome == Some(Ok(()))
}

fn read_to_end(file: BorrowedFd<'_>, into: &mut Vec<u8>) -> io::Result<()> {
    // What /proc makes up at each read is all in one, if it fits.
    const PIECE: usize = 32 << 10;
    loop {
        let length = into.len();
        into.resize(length + PIECE, 0);
        let got = retry_on_intr(|| read(file, &mut into[length..]));
        into.truncate(length + got.unwrap_or(0));
        if got? == 0 {
            return Ok(());
        }
    }
}

/// Opens a file, a new one if it may be written, does the work, and closes it.
pub fn with_file<R>(
    path: &CStr,
    flags: OFlags,
    work: impl FnOnce(BorrowedFd<'_>) -> io::Result<R>,
) -> io::Result<R> {
    let flags = flags | OFlags::CLOEXEC | OFlags::NOCTTY;
    let mode = Mode::from_raw_mode(0o666);
    // Not the wrapper's own close: it may be libc's, which is ours.
    let file = open(path, flags, mode)?.into_raw_fd();
    // SAFETY: it is open until it is closed below.
    let result = work(unsafe { BorrowedFd::borrow_raw(file) });
    close(file);
    result
}

/// Closes a descriptor by the system call.
pub fn close(file: RawFd) {
    // SAFETY: the callers' own, in the program or in the child's table, which nobody else uses.
    unsafe { rustix::io::close(file) };
}
