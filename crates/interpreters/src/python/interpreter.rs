//! Which CPython a process has, and where.
//!
//! It is found by the names that it exports, which every build does: extension modules need them. The caller
//! looks them up, in this process or in a file. To 3.10 the version is told by what there is and what is not.

use crate::Process;
use crate::memory::{u64_at, whole, word};
use crate::python::debug_offsets as offsets;
use crate::python::layout::Layout;
use std::fmt;

/// The names that [`Interpreter::find`] asks for.
pub const SYMBOLS: [&str; 8] = [
    "_PyRuntime",
    "PyCode_Type",
    "PyUnicode_Type",
    "PyBytes_Type",
    "Py_Version",
    "PyIter_Send",
    "PyThreadState_GetFrame",
    "PyConfig_InitPythonConfig",
];

/// A version of CPython.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// 3.
    pub major: u8,
    /// The second number.
    pub minor: u8,
}

impl fmt::Display for Version {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}.{}", self.major, self.minor)
    }
}

/// Why a CPython's lines cannot be had. As text it is one line, for the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// There is none: it exports none of the names.
    NoPython,
    /// Of this version nothing is known.
    Version(Version),
    /// It is older than all that is known.
    Old,
    /// It was built without the global lock.
    FreeThreaded(Version),
    /// What it says of itself cannot be so, or it could not be read.
    Unreadable,
}

impl fmt::Display for Unknown {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPython => write!(to, "there is no Python in this process"),
            Self::Version(version) => {
                write!(to, "Python {version} is not known: its files and lines are not shown")
            }
            Self::Old => write!(to, "Python before 3.8: its files and lines are not shown"),
            Self::FreeThreaded(version) => write!(
                to,
                "Python {version} without its global lock: its files and lines are not shown"
            ),
            Self::Unreadable => {
                write!(to, "Python's structures cannot be read: its files and lines are not shown")
            }
        }
    }
}

/// A CPython in a process, ready to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interpreter {
    /// Its version.
    pub version: Version,
    /// Where `_PyRuntime` is.
    pub(super) runtime: u64,
    /// Where its structures have what is read.
    pub(super) layout: Layout,
    /// The types of code, str and bytes objects; what is said to be one is compared.
    pub(super) code_type: u64,
    pub(super) text_type: u64,
    pub(super) bytes_type: u64,
}

impl Interpreter {
    /// Finds it by its names: `address_of` says where a name is in the process.
    pub fn find(
        process: &mut dyn Process,
        mut address_of: impl FnMut(&str) -> Option<u64>,
    ) -> Result<Self, Unknown> {
        let runtime = address_of("_PyRuntime").ok_or(Unknown::NoPython)?;
        let mut head = [0; offsets::SIZE];
        let length = process.read(runtime, &mut head);
        let head = &head[..length.min(offsets::SIZE)];
        let (version, layout) = if head.starts_with(offsets::COOKIE) {
            said(head)?
        } else {
            let version = version(process, &mut address_of)?;
            let is_old = Layout::of_minor(version.minor).filter(|_| version.major == 3);
            (version, is_old.ok_or(Unknown::Version(version))?)
        };
        let mut type_of = |name| address_of(name).ok_or(Unknown::Unreadable);
        Ok(Self {
            version,
            runtime,
            layout,
            code_type: type_of("PyCode_Type")?,
            text_type: type_of("PyUnicode_Type")?,
            bytes_type: type_of("PyBytes_Type")?,
        })
    }
}

/// As it says itself.
fn said(head: &[u8]) -> Result<(Version, Layout), Unknown> {
    let number = u64_at(head, offsets::COOKIE.len()).ok_or(Unknown::Unreadable)?;
    let version = version_of(number);
    if version.major != 3 || !(13..=15).contains(&version.minor) {
        return Err(Unknown::Version(version));
    }
    if offsets::is_free_threaded(head) {
        return Err(Unknown::FreeThreaded(version));
    }
    let layout = offsets::layout(head, version.minor).ok_or(Unknown::Unreadable)?;
    Ok((version, layout))
}

/// `PY_VERSION_HEX`: a byte each.
fn version_of(number: u64) -> Version {
    Version { major: (number >> 24) as u8, minor: (number >> 16) as u8 }
}

/// The version of one that does not say its offsets.
fn version(
    process: &mut dyn Process,
    address_of: &mut dyn FnMut(&str) -> Option<u64>,
) -> Result<Version, Unknown> {
    if let Some(place) = address_of("Py_Version") {
        let number = word(process, place).ok_or(Unknown::Unreadable)?;
        return Ok(version_of(number));
    }
    // Each was new in its version.
    let new =
        [("PyIter_Send", 10), ("PyThreadState_GetFrame", 9), ("PyConfig_InitPythonConfig", 8)];
    let found = new.into_iter().find(|(name, _)| address_of(name).is_some());
    let (_, minor) = found.ok_or(Unknown::Old)?;
    Ok(Version { major: 3, minor })
}

impl Interpreter {
    /// Copies the beginning of an object that must be of this type.
    pub(super) fn object(
        process: &mut dyn Process,
        object: u64,
        kind: u64,
        to: &mut [u8],
    ) -> Option<()> {
        whole(process, object, to)?;
        (u64_at(to, 8) == Some(kind)).then_some(())
    }
}
