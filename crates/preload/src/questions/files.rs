//! Files, opened in a side process and closed at once: the library holds no descriptor, because
//! programs close those that they do not know (closefrom(3)), and expect the numbers that are free.

use crate::questions::fd::FdNumber;
use crate::questions::side_process;
use rustix::fs::{Mode, OFlags, open};
use rustix::io::{self, Errno, read, retry_on_intr};
use std::ffi::CStr;

/// The content of a file. False if it cannot be read.
///
/// `/proc/self` is the side process's: write `/proc/PID/fdinfo/N`. Where the kernel lets no other
/// process look into the program (PR_SET_DUMPABLE(2const)), the calling thread reads the file itself.
pub fn read_file(path: &CStr, into: &mut Vec<u8>) -> bool {
    let mut read = || {
        into.clear();
        with_file(path, OFlags::RDONLY, |file| read_to_end(file, into))
    };
    let outcome = match side_process::run_or_here(&mut read) {
        Some(Err(Errno::ACCESS | Errno::PERM)) => Some(read()),
        outcome => outcome,
    };
    outcome == Some(Ok(()))
}

fn read_to_end(file: FdNumber, into: &mut Vec<u8>) -> io::Result<()> {
    // A file that /proc makes up at each read comes whole in one piece, if it fits.
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
    work: impl FnOnce(FdNumber) -> io::Result<R>,
) -> io::Result<R> {
    let flags = flags | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = FdNumber::of(open(path, flags, Mode::from_raw_mode(0o666))?);
    let result = work(file);
    file.close();
    result
}
