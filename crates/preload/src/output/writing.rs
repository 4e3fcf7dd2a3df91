//! The writing of one report to one open descriptor of this process, and the reasons why it is not where it
//! should be. That a report is there whole or not at all is `epshim-append`'s care; in a sandbox nothing is
//! asked about the file, and it is only written.

use crate::questions::fd::FdNumber;
use crate::runtime::sandbox::{self, Call};
use epshim_report::place::Refused;
use rustix::io::{Errno, write};
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
    epshim_append::all(file, text, is_ours).map_err(Unwritten::Failed)
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
