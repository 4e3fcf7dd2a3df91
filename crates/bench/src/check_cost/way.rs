//! The ways in which a server runs: by itself, with the preload library, with the checker, recorded, profiled, under
//! strace.

use epshim_harness::preload::Mode;
use std::error::Error;
use std::path::{Path, PathBuf};

/// Why a server could not be measured.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What is measured.
pub struct Tools {
    /// The preload library.
    pub library: PathBuf,
    /// Another build of it, to compare it to: of an earlier commit.
    pub before: Option<PathBuf>,
    /// The command `epshim`.
    pub command: PathBuf,
}

/// What a server is started by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum By {
    Itself,
    /// `epshim check --record`.
    Record,
    /// `epshim profile`, and with the rules.
    Profile,
    ProfileAndCheck,
    Strace,
}

/// The variable that names another build of the preload library.
pub const BEFORE: &str = "EPSHIM_BENCH_BEFORE";

/// How a server runs.
pub struct Way {
    pub name: &'static str,
    pub mode: Mode,
    pub by: By,
    /// With the other build of the library.
    pub is_before: bool,
}

impl Tools {
    /// The library that it runs with; `None`: there is no other build.
    pub fn library(&self, way: &Way) -> Option<&Path> {
        if way.is_before { self.before.as_deref() } else { Some(&self.library) }
    }
}

/// The ways; the first is what the others are compared to.
pub const WAYS: [Way; 9] = [
    way("plain", Mode::Plain, By::Itself),
    way("transparent", Mode::Transparent, By::Itself),
    way("checked", Mode::Checking, By::Itself),
    Way { is_before: true, ..way("checked before", Mode::Checking, By::Itself) },
    way("chaos, no fault", Mode::Chaos, By::Itself),
    way("recorded", Mode::Plain, By::Record),
    way("profiled", Mode::Plain, By::Profile),
    way("profiled, checked", Mode::Plain, By::ProfileAndCheck),
    way("strace -f", Mode::Plain, By::Strace),
];

const fn way(name: &'static str, mode: Mode, by: By) -> Way {
    Way { name, mode, by, is_before: false }
}
