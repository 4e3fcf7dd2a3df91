//! A descriptor that the program was started with, as a place for reports: `-`, `/dev/fd/7`.
//!
//! The number is the program's, which may close it and get it for something else. So it is remembered
//! which file it was, and nothing is written to another one.
//!
//! The side process has 0, 1 and 2 of the program. Any other it opens again, by `/proc`: that of this
//! process or, where this one has it no longer, that of the process which was started first.

use crate::output::writing::{self, Unwritten};
use crate::questions::fd::FdNumber;
use crate::questions::files::with_file;
use crate::questions::side_process;
use crate::runtime::sandbox::{self, Call};
use epshim_report::place::Inherited;
use rustix::fs::{OFlags, fcntl_getfl, fstat};
use std::ffi::{CString, c_int};

/// A descriptor, and the file that it is.
#[derive(Debug)]
pub struct Descriptor {
    number: FdNumber,
    /// The process that was started first, where the command has said it.
    process: Option<c_int>,
    /// Device and inode. `None`: it cannot be written to, now at the start.
    file: Option<(u64, u64)>,
}

impl Descriptor {
    /// Before the program's own code runs.
    pub fn new(said: Inherited) -> Self {
        let number = FdNumber::new(said.number).unwrap_or(FdNumber::STDERR);
        let is_written = |flags: OFlags| flags & OFlags::RWMODE != OFlags::RDONLY;
        let may_ask = sandbox::may(Call::Descriptors);
        let here = || {
            identity(number)
                .filter(|_| may_ask)
                .filter(|_| fcntl_getfl(number).is_ok_and(is_written))
        };
        Self { number, process: said.process, file: said.file.or_else(here) }
    }

    /// Writes a text of this process. `None`: the side process died.
    pub fn write(&self, pid: u32, text: &[u8]) -> Option<Result<(), Unwritten>> {
        let processes = [Some(pid.cast_signed()), self.process].into_iter().flatten();
        let paths = processes.map(|process| format!("/proc/{process}/fd/{}", self.number.raw()));
        let paths: Vec<_> = paths.filter_map(|path| CString::new(path).ok()).collect();
        side_process::run_or_here(|| {
            // This table has it, or a copy of it.
            if self.number.raw() <= libc::STDERR_FILENO && self.is(self.number) {
                return writing::all(self.number, text, false);
            }
            for path in &paths {
                let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::NONBLOCK;
                let write = |file| Ok(self.is(file).then(|| writing::all(file, text, true)));
                if let Ok(Some(outcome)) = with_file(path, flags, write) {
                    return outcome;
                }
            }
            Err(Unwritten::Gone)
        })
    }

    /// Whether a descriptor is of this file.
    fn is(&self, number: FdNumber) -> bool {
        self.file.is_some() && identity(number) == self.file
    }

    /// Whether its number still is this file.
    pub fn is_there(&self) -> bool {
        self.is(self.number)
    }

    /// Its number.
    pub fn number(&self) -> c_int {
        self.number.raw()
    }

    /// As a reader is told of it.
    pub fn name(&self) -> String {
        Inherited { number: self.number.raw(), process: self.process, file: self.file }.name()
    }
}

fn identity(number: FdNumber) -> Option<(u64, u64)> {
    // The types of the fields differ between architectures.
    if !sandbox::may(Call::Descriptors) {
        return None;
    }
    #[allow(clippy::useless_conversion)]
    fstat(number).ok().map(|stat| (stat.st_dev.into(), stat.st_ino.into()))
}
