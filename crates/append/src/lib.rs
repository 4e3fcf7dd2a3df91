//! The writing of one report to one open file: all of it, or nothing that a reader would take for a line. The
//! preload library and the observer beside it write alike.
//!
//! A regular file has an end that the kernel sets: the limit of file sizes, the space on the disk. What
//! does not fit is not begun, as far as that is known before; what was begun is taken back.
//!
//! Surprising: several processes append to one file. A part is taken back only while it is the file's
//! end, and a process that found no room leaves no bytes behind it.

#![forbid(unsafe_code)]

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::AsFd;
use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat, ftruncate, tell};
use rustix::io::{self, Errno, write};
use rustix::process::{Resource, getrlimit};

/// Writes in one call, unless the kernel takes less. `is_ours`: we have opened the file, so that its position
/// is the end of what we have written.
pub fn all(file: impl AsFd + Copy, text: &[u8], is_ours: bool) -> io::Result<()> {
    let stat = fstat(file)?;
    if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile {
        whole(file, text, u64::try_from(stat.st_size).unwrap_or(0), is_ours)
    } else {
        stream(file, text).1
    }
}

fn whole(file: impl AsFd + Copy, text: &[u8], size: u64, is_ours: bool) -> io::Result<()> {
    let appends = is_ours || fcntl_getfl(file).is_ok_and(|flags| flags.contains(OFlags::APPEND));
    let start = if appends { size } else { tell(file).unwrap_or(size) };
    let limit = getrlimit(Resource::Fsize).current.unwrap_or(u64::MAX);
    if start.saturating_add(text.len() as u64) > limit {
        return Err(Errno::FBIG);
    }
    let (written, outcome) = stream(file, text);
    if outcome.is_err() && written > 0 && is_ours {
        take_back(file, written);
    }
    outcome
}

/// Cuts the file where a part of a report begins, if it ends with that part.
fn take_back(file: impl AsFd + Copy, written: usize) {
    let end = tell(file).unwrap_or(0);
    let is_end = fstat(file).is_ok_and(|stat| u64::try_from(stat.st_size) == Ok(end));
    if let Some(start) = end.checked_sub(written as u64).filter(|_| is_end) {
        let _ = ftruncate(file, start);
    }
}

/// How much was written, and how it ended. Where the reader does not read, it waits a second at most.
fn stream(file: impl AsFd + Copy, text: &[u8]) -> (usize, io::Result<()>) {
    const PATIENCE: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
    let mut written = 0;
    while written < text.len() {
        match write(file, &text[written..]) {
            Ok(more) => written += more,
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                let mut room = [PollFd::new(&file, PollFlags::OUT)];
                if poll(&mut room, Some(&PATIENCE)) == Ok(0) {
                    return (written, Err(Errno::AGAIN));
                }
            }
            Err(error) => return (written, Err(error)),
        }
    }
    (written, Ok(()))
}
