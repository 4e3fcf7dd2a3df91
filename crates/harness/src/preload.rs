//! Programs with and without the preload library.
//!
//! No test program is linked with the library, or with its crate: it would call the hooks itself.
//! The programs that it is preloaded into are started here, each in one of three modes, which have
//! to end alike.

use crate::cargo;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The library, as the sources are now. Cargo builds no cdylib for the tests of its package.
pub fn library() -> PathBuf {
    cargo::built("epshim-preload", "libepshim_preload.so")
}

/// What programs run under: without the library, with it and nothing asked for, checking.
pub const MODES: [Mode; 3] = [Mode::Plain, Mode::Transparent, Mode::Checking];

/// How a program is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Without the library.
    Plain,
    /// With the library, which is asked for nothing.
    Transparent,
    /// With the library, which checks.
    Checking,
    /// The same, and every call is asked for a fault that is never made.
    Chaos,
}

impl Mode {
    /// Has a command run in this mode, with a library, and with nothing that the environment asks for.
    pub fn set(self, command: &mut Command, library: &Path) {
        command.env_remove("LD_PRELOAD").env_remove("EPSHIM_OPTIONS");
        if self != Self::Plain {
            command.env("LD_PRELOAD", library);
        }
        match self {
            Self::Plain | Self::Transparent => {}
            Self::Checking => {
                command.env("EPSHIM_OPTIONS", "mode=check");
            }
            Self::Chaos => {
                command.env("EPSHIM_OPTIONS", "mode=chaos:seed=1:level=brutal:rate=0");
            }
        }
    }
}

/// A program in a mode, not yet run.
pub fn command(program: impl AsRef<Path>, mode: Mode) -> Command {
    let mut command = Command::new(program.as_ref());
    let library = if mode == Mode::Plain { PathBuf::new() } else { library() };
    mode.set(&mut command, &library);
    command
}
