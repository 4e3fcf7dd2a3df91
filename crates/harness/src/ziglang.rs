//! Zig, as PyPI's package `ziglang` has it; Debian has none.

use crate::pypi;
use std::process::Command;

const PACKAGE: &str = "ziglang==0.17.1";

/// The compiler, with a cache of its own.
pub fn zig() -> Option<Command> {
    let folder = pypi::package(PACKAGE)?;
    let mut command = Command::new(folder.join("ziglang/zig"));
    command.env("ZIG_GLOBAL_CACHE_DIR", folder.with_file_name("zig-cache"));
    command.env("ZIG_LOCAL_CACHE_DIR", folder.with_file_name("zig-cache"));
    Some(command)
}
