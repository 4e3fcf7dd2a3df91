//! The ways in which a server runs: by itself, with the preload library, with the checker, recorded, profiled, under
//! strace.

use epshim_harness::preload::Mode;
use std::error::Error;
use std::path::PathBuf;

/// Why a server could not be measured.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What is measured.
pub struct Tools {
    /// The preload library.
    pub library: PathBuf,
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

/// How a server runs.
pub struct Way {
    pub name: &'static str,
    pub mode: Mode,
    pub by: By,
}

/// The ways; the first is what the others are compared to.
pub const WAYS: [Way; 7] = [
    Way { name: "plain", mode: Mode::Plain, by: By::Itself },
    Way { name: "transparent", mode: Mode::Transparent, by: By::Itself },
    Way { name: "checked", mode: Mode::Checking, by: By::Itself },
    Way { name: "recorded", mode: Mode::Plain, by: By::Record },
    Way { name: "profiled", mode: Mode::Plain, by: By::Profile },
    Way { name: "profiled, checked", mode: Mode::Plain, by: By::ProfileAndCheck },
    Way { name: "strace -f", mode: Mode::Plain, by: By::Strace },
];
