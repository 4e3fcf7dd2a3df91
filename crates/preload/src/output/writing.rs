//! The writing of one report to one open file: all of it, or nothing that a reader would take for a line.
//!
//! A regular file has an end that the kernel sets: the limit of file sizes, the space on the disk. What
//! does not fit is not begun, as far as that is known before; what was begun is taken back.
//!
//! Surprising: several processes append to one file. A part is taken back only while it is the file's
//! end, and whoever has found no room leaves no bytes behind it.

use crate::questions::fd::FdNumber;
use crate::runtime::sandbox::{self, Call};
use epshim_check::place::Refused;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat, ftruncate, tell};
use rustix::io::{self, Errno, write};
use rustix::process::{Resource, getrlimit};
use std::fmt;

/// Why a report is not where it should be. Displayed, it is a clause for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unwritten {
    /// The descriptor is closed, or names something else now.
    Gone,
    /// Another user could have put there what would be opened.
    Refused(Refused),
    /// What the kernel said.
    Failed(Errno),
    /// The side process died.
    Died,
    /// The program is in a sandbox, which may not let it be written.
    Sandboxed,
}

/// Writes in one call, unless the kernel takes less. `is_ours`: the library has opened the file, so that
/// its position is the end of what it has written.
pub fn all(file: FdNumber, text: &[u8], is_ours: bool) -> Result<(), Unwritten> {
    if !sandbox::may(Call::Descriptors) {
        return plainly(file, text);
    }
    let written = match fstat(file) {
        Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile => {
            let size = u64::try_from(stat.st_size).unwrap_or(0);
            whole(file, text, size, is_ours)
        }
        Ok(_) => stream(file, text).1,
        Err(error) => Err(error),
    };
    written.map_err(Unwritten::Failed)
}

/// Writes in a sandbox which is known to let write(2) pass, and nothing else.
pub fn plainly(file: FdNumber, mut text: &[u8]) -> Result<(), Unwritten> {
    while !text.is_empty() {
        match write(file, text) {
            Ok(more) => text = &text[more..],
            Err(Errno::INTR) => {}
            Err(error) => return Err(Unwritten::Failed(error)),
        }
    }
    Ok(())
}

fn whole(file: FdNumber, text: &[u8], size: u64, is_ours: bool) -> io::Result<()> {
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
fn take_back(file: FdNumber, written: usize) {
    let end = tell(file).unwrap_or(0);
    let is_end = fstat(file).is_ok_and(|stat| u64::try_from(stat.st_size) == Ok(end));
    if let Some(start) = end.checked_sub(written as u64).filter(|_| is_end) {
        let _ = ftruncate(file, start);
    }
}

/// How much was written, and how it ended. Where the reader does not read, it waits a second at most.
fn stream(file: FdNumber, text: &[u8]) -> (usize, io::Result<()>) {
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

impl fmt::Display for Unwritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => f.write_str("the descriptor is closed, or is another file now"),
            Self::Refused(refused) => refused.fmt(f),
            Self::Failed(error) => f.write_str(reason(*error).as_ref()),
            Self::Sandboxed => f.write_str("the program is in a sandbox"),
            Self::Died => f.write_str("the process that writes was killed"),
        }
    }
}

/// strerror(3) may translate, for which it allocates.
pub fn reason(error: Errno) -> std::borrow::Cow<'static, str> {
    match error {
        Errno::NOENT => "no such file".into(),
        Errno::ACCESS => "permission denied".into(),
        Errno::ISDIR => "it is a folder".into(),
        Errno::LOOP => "it is a symbolic link now".into(),
        Errno::FBIG => "the limit of file sizes is reached".into(),
        Errno::NOSPC => "no space is left".into(),
        Errno::DQUOT => "the quota is used up".into(),
        Errno::NXIO => "no process reads it".into(),
        Errno::PIPE => "its reader has ended".into(),
        Errno::AGAIN => "its reader does not read".into(),
        _ => format!("errno {}", error.raw_os_error()).into(),
    }
}
