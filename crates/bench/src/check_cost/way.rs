//! The ways in which a server runs: by itself, with the preload library, with the checker, under strace.

use epshim_harness::preload::Mode;
use std::error::Error;

/// Why a server could not be measured.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How a server runs.
pub struct Way {
    pub name: &'static str,
    pub mode: Mode,
    pub under_strace: bool,
}

/// The ways; the first is what the others are compared to.
pub const WAYS: [Way; 4] = [
    Way { name: "plain", mode: Mode::Plain, under_strace: false },
    Way { name: "transparent", mode: Mode::Transparent, under_strace: false },
    Way { name: "checked", mode: Mode::Checking, under_strace: false },
    Way { name: "strace -f", mode: Mode::Plain, under_strace: true },
];
