//! Where reports go: standard error, or a file that is opened for each report and closed again. A
//! report is one write, so that those of several processes do not mix.
//!
//! A side process writes it: a signal that the writing raises (SIGPIPE, SIGTTOU) is then not the
//! program's.
//!
//! Surprising: standard error may be no place for reports. A program closes it, and the number may
//! come to name a connection.

use crate::questions::fd::FdNumber;
use crate::questions::files::with_file;
use crate::questions::side_process;
use epshim_check::options::{Color, expand};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat};
use rustix::io::{self, Errno, write};
use std::ffi::CString;

/// A place for reports.
#[derive(Debug)]
pub enum Destination {
    /// Standard error.
    Stderr {
        /// It was [data](is_data) from the start. If it is so only now, it is no longer standard
        /// error: the program closed it, and something else of its own got the number.
        may_be_data: bool,
    },
    /// A file; `%p` is the process id.
    File(String),
}

impl Destination {
    /// The place that an option names, as seen from the directory that the program was started in.
    pub fn new(path: Option<&str>) -> Self {
        match path {
            None => Self::Stderr { may_be_data: is_data() },
            Some(path) if path.starts_with('/') => Self::File(path.to_owned()),
            Some(path) => {
                let folder = rustix::process::getcwd(Vec::new()).unwrap_or_default();
                let folder = folder.to_string_lossy().replace('%', "%%");
                Self::File(if folder.is_empty() { path.into() } else { format!("{folder}/{path}") })
            }
        }
    }

    /// Writes a text of this process. False if it did not get there.
    pub fn write(&self, pid: u32, text: &[u8]) -> bool {
        match self {
            Self::Stderr { may_be_data } => {
                (*may_be_data || !is_data())
                    && side_process::run_or_here(|| write_all(FdNumber::STDERR, text))
                        == Some(Ok(()))
            }
            Self::File(path) => CString::new(expand(path, pid)).is_ok_and(|path| {
                let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE;
                let append = || with_file(&path, flags, |file| write_all(file, text));
                side_process::run_or_here(append) == Some(Ok(()))
            }),
        }
    }

    /// Whether what is written here is to be coloured. `NO_COLOR` is a variable of the program's.
    pub fn wants_colour(&self, color: Color, no_color: bool) -> bool {
        match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                let is_stderr = matches!(self, Self::Stderr { .. });
                is_stderr && !no_color && rustix::termios::isatty(FdNumber::STDERR)
            }
        }
    }
}

/// Whether it is a connection, or a file that is read too: a database rather than a log.
fn is_data() -> bool {
    fstat(FdNumber::STDERR).is_ok_and(|stat| match FileType::from_raw_mode(stat.st_mode) {
        FileType::Socket => true,
        FileType::RegularFile => {
            fcntl_getfl(FdNumber::STDERR).is_ok_and(|flags| flags & OFlags::RWMODE == OFlags::RDWR)
        }
        _ => false,
    })
}

/// Writes in one call, unless the kernel takes less. Where the reader does not read, it waits a second
/// at most.
fn write_all(file: FdNumber, mut text: &[u8]) -> io::Result<()> {
    const PATIENCE: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
    while !text.is_empty() {
        match write(file, text) {
            Ok(written) => text = &text[written..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                let mut room = [PollFd::new(&file, PollFlags::OUT)];
                if poll(&mut room, Some(&PATIENCE)) == Ok(0) {
                    return Err(Errno::AGAIN);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
