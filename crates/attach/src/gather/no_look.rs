//! Why a process cannot be looked at, in words.

use rustix::io::Errno;
use std::fmt;

/// Why there is no look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoLook {
    /// There is no such process, or it has ended.
    Gone,
    /// It is a zombie.
    Zombie,
    /// Its descriptors may not be read.
    NotPermitted,
    /// /proc says something that makes no sense.
    Unreadable(i32),
}

impl fmt::Display for NoLook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => write!(f, "there is no such process"),
            Self::Zombie => write!(f, "it has ended, and its parent has not asked how (a zombie)"),
            Self::NotPermitted => write!(
                f,
                "it is another user's: which descriptors it has may not be read; run this as root or as that \
                 user, or with CAP_SYS_PTRACE"
            ),
            Self::Unreadable(code) => {
                let error = std::io::Error::from_raw_os_error(*code);
                write!(f, "/proc cannot be read: {error}")
            }
        }
    }
}

impl From<Errno> for NoLook {
    fn from(error: Errno) -> Self {
        match error {
            Errno::NOENT | Errno::SRCH => Self::Gone,
            Errno::ACCESS | Errno::PERM => Self::NotPermitted,
            other => Self::Unreadable(other.raw_os_error()),
        }
    }
}
