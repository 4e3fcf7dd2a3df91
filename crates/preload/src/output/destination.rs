//! Where reports go: standard error, another descriptor that the program was started with, or a file that
//! is opened for each report and closed again. A report is one write, so that those of several processes
//! do not mix.
//!
//! A side process writes it: a signal that the writing raises (SIGPIPE, SIGXFSZ, SIGTTOU) is then not the
//! program's.
//!
//! Surprising: standard error may be no place for reports. A program closes it, and the number may
//! come to name a connection. Of other descriptors it is known which file they were.

use crate::output::inherited::Descriptor;
use crate::output::writing::{self, Unwritten};
use crate::output::{file, mail as by_mail};
use crate::questions::fd::FdNumber;
use crate::questions::side_process;
use crate::runtime::sandbox::{self, Call};
use crate::runtime::thread;
use epshim_check::options::{Color, expand};
use epshim_page::mail;
use epshim_report::Medium;
use epshim_report::place::Place;
use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat};
use rustix::termios::{isatty, tcgetwinsize};
use std::ffi::c_int;
use std::path::Path;

/// A place for reports.
#[derive(Debug)]
pub enum Destination {
    /// Standard error.
    Stderr {
        /// It was [data](is_data) from the start. If it is so only now, it is no longer standard
        /// error: the program closed it, and something else of its own got the number.
        may_be_data: bool,
        /// It was open at the start. If not, what has the number now is the program's own.
        was_open: bool,
    },
    /// A descriptor that the program was started with.
    Inherited(Descriptor),
    /// A file.
    File {
        /// `%p` is the process id.
        path: String,
        /// What it is to the observer, which may hold it.
        held: Option<mail::Place>,
    },
}

impl Destination {
    /// The place that an option names, as seen from the directory that the program was started in.
    pub fn new(value: Option<&str>) -> Self {
        let Some(value) = value else { return Self::stderr() };
        match Place::of(value) {
            Place::Descriptor(descriptor) => Self::Inherited(Descriptor::new(descriptor)),
            Place::File(path) if path.starts_with('/') => Self::File { path, held: None },
            Place::File(path) => {
                let folder = rustix::process::getcwd(Vec::new()).unwrap_or_default();
                let folder = folder.to_string_lossy().replace('%', "%%");
                let path = if folder.is_empty() { path } else { format!("{folder}/{path}") };
                Self::File { path, held: None }
            }
        }
    }

    /// The same place. A file of it is this one to the observer, if that holds it.
    pub fn held_as(self, place: mail::Place) -> Self {
        match self {
            Self::File { path, .. } => Self::File { path, held: Some(place) },
            other => other,
        }
    }

    /// Standard error, as it is now.
    fn stderr() -> Self {
        let may_ask = sandbox::may(Call::Descriptors);
        let was_open = !may_ask || fstat(FdNumber::STDERR).is_ok();
        Self::Stderr { may_be_data: is_data(), was_open }
    }

    /// Writes a text of this process. False if it did not get there.
    pub fn write(&self, pid: u32, text: &[u8]) -> bool {
        self.try_write(pid, text).is_ok()
    }

    /// The same, with the reason.
    pub fn try_write(&self, pid: u32, text: &[u8]) -> Result<(), Unwritten> {
        if sandbox::entered_at().is_some() {
            return self.write_in_sandbox(text);
        }
        if !sandbox::may(Call::Files) {
            let number = self.number().and_then(FdNumber::new);
            let number = number.filter(|_| sandbox::may(Call::Write));
            return number.map_or(Err(Unwritten::Sandboxed), |to| writing::plainly(to, text));
        }
        match self {
            Self::Stderr { may_be_data, was_open } if !was_open || (!may_be_data && is_data()) => {
                Some(Err(Unwritten::Gone))
            }
            Self::Stderr { .. } => {
                side_process::run_or_here_unseen(|| writing::all(FdNumber::STDERR, text, false))
            }
            Self::Inherited(descriptor) => descriptor.write(pid, text),
            Self::File { path, held } => {
                let expanded = expand(path, pid);
                let is_per_process = expanded != expand(path, 0);
                let sent = held.and_then(|place| by_mail::send(place, is_per_process, text));
                sent.or_else(|| {
                    side_process::run_or_here(|| file::append(Path::new(&expanded), text))
                })
            }
        }
        .unwrap_or(Err(Unwritten::Died))
    }

    /// In a sandbox only what the program itself has just done there is known to pass. Here another process,
    /// outside of the sandbox, could be asked to write.
    fn write_in_sandbox(&self, text: &[u8]) -> Result<(), Unwritten> {
        let number = self.number().and_then(FdNumber::new);
        let known = number.filter(|number| {
            sandbox::has_written(thread::address(), number.raw().cast_unsigned() as usize)
        });
        known.map_or(Err(Unwritten::Sandboxed), |number| writing::plainly(number, text))
    }

    /// The number of the descriptor that it is, if it is one and still names what it did at the start.
    pub fn number_now(&self) -> Option<c_int> {
        let is_there = match self {
            Self::Stderr { may_be_data, was_open } => *was_open && (*may_be_data || !is_data()),
            Self::Inherited(descriptor) => descriptor.is_there(),
            Self::File { .. } => false,
        };
        self.number().filter(|_| is_there)
    }

    fn number(&self) -> Option<c_int> {
        match self {
            Self::Stderr { .. } => Some(libc::STDERR_FILENO),
            Self::Inherited(descriptor) => Some(descriptor.number()),
            Self::File { .. } => None,
        }
    }

    /// What is written by this process, as a reader is told of it; `None`: standard error.
    pub fn name(&self, pid: u32) -> Option<String> {
        match self {
            Self::Stderr { .. } => None,
            Self::Inherited(descriptor) => Some(descriptor.name()),
            Self::File { path, .. } => Some(expand(path, pid)),
        }
    }

    /// How what is written here is to look. `NO_COLOR` is a variable of the program's.
    pub fn medium(&self, color: Color, no_color: bool) -> Medium {
        let terminal = self.terminal().filter(|_| sandbox::may(Call::Descriptors));
        let colour = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => !no_color && terminal.is_some_and(isatty),
        };
        // Asked for each report: windows change their size.
        let size = terminal.and_then(|terminal| tcgetwinsize(terminal).ok());
        Medium { colour, columns: size.map(|size| size.ws_col).filter(|&columns| columns > 0) }
    }

    /// The descriptor that may be a terminal's.
    fn terminal(&self) -> Option<FdNumber> {
        match self {
            Self::Stderr { .. } => Some(FdNumber::STDERR),
            Self::Inherited(descriptor) => {
                FdNumber::new(descriptor.number()).filter(|_| descriptor.is_there())
            }
            Self::File { .. } => None,
        }
    }
}

/// Whether it is a connection, or a file that is read too: a database rather than a log.
fn is_data() -> bool {
    sandbox::may(Call::Descriptors)
        && fstat(FdNumber::STDERR).is_ok_and(|stat| match FileType::from_raw_mode(stat.st_mode) {
            FileType::Socket => true,
            FileType::RegularFile => fcntl_getfl(FdNumber::STDERR)
                .is_ok_and(|flags| flags & OFlags::RWMODE == OFlags::RDWR),
            _ => false,
        })
}
