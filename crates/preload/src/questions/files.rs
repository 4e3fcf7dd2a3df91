//! Files, opened in a side process and closed at once: the library holds no descriptor, because
//! programs close those that they do not know (closefrom(3)), and expect the numbers that are free.

use crate::questions::fd::FdNumber;
use crate::questions::side_process;
use crate::runtime::pages;
use crate::runtime::sandbox::{self, Call};
use rustix::fs::{CWD, FileType, Mode, OFlags, RawDir, fstat, openat};
use rustix::io::{self, Errno, read, retry_on_intr};
use std::ffi::CStr;
use std::mem::MaybeUninit;

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
        Some(Err(Errno::ACCESS | Errno::PERM)) if sandbox::may(Call::Files) => Some(read()),
        outcome => outcome,
    };
    outcome == Some(Ok(()))
}

/// The numbers among the names in a folder.
pub fn numbers_in(folder: &CStr) -> Vec<i32> {
    let mut numbers = Vec::new();
    let list = || {
        numbers.clear();
        with_file(folder, OFlags::RDONLY | OFlags::DIRECTORY, |folder| {
            let mut room = [MaybeUninit::uninit(); 4096];
            let mut entries = RawDir::new(folder, &mut room);
            while let Some(entry) = entries.next() {
                let entry = entry?;
                let name = entry.file_name().to_str().ok();
                numbers.extend(name.and_then(|name| name.parse::<i32>().ok()));
            }
            Ok(())
        })
    };
    let _ = side_process::run_or_here(list);
    numbers
}

/// Why a file that a user named is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// It cannot be opened or read.
    Failed,
    /// It may have no end, or none soon: a FIFO, a device.
    NotRegular,
    /// It has more bytes than were asked for.
    TooLong,
}

/// The content of a regular file of at most this many bytes. It waits for no other process.
pub fn read_regular(path: &CStr, limit: u64, into: &mut Vec<u8>) -> Result<(), Unread> {
    let read = || {
        with_file(path, OFlags::RDONLY | OFlags::NONBLOCK, |file| {
            let stat = fstat(file)?;
            if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
                return Ok(Err(Unread::NotRegular));
            }
            into.clear();
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let is_whole = read_until(file, limit, into)?;
            Ok(if is_whole { Ok(()) } else { Err(Unread::TooLong) })
        })
    };
    side_process::run_or_here(read).and_then(Result::ok).unwrap_or(Err(Unread::Failed))
}

fn read_to_end(file: FdNumber, into: &mut Vec<u8>) -> io::Result<()> {
    read_until(file, usize::MAX, into).map(|_| ())
}

/// Whether it had an end within this many bytes.
fn read_until(file: FdNumber, limit: usize, into: &mut Vec<u8>) -> io::Result<bool> {
    // A file that /proc makes up at each read comes whole in one piece, if it fits.
    const PIECE: usize = 32 << 10;
    loop {
        // The reserve does not pay for all that a file may have.
        if pages::is_out() {
            return Err(Errno::NOMEM);
        }
        let length = into.len();
        into.resize(length + PIECE, 0);
        let got = retry_on_intr(|| read(file, &mut into[length..]));
        into.truncate(length + got.unwrap_or(0));
        if got? == 0 {
            return Ok(true);
        }
        if into.len() > limit {
            return Ok(false);
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
    // Not open(2): it is this call that the loader has made, if there is a sandbox.
    let file = FdNumber::of(openat(CWD, path, flags, Mode::from_raw_mode(0o666))?);
    let result = work(file);
    file.close();
    result
}
