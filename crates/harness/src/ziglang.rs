//! Zig, as PyPI's package `ziglang` has it: fetched once, and kept below cargo's target folder.
//!
//! Debian has no Zig. Without Python and its pip, or without a network at the first run, the test says so and skips
//! that part, unless `EPSHIM_REQUIRE_TOOLS` is set, as with any of the [`tools`].

use crate::products::product;
use crate::tools;
use std::fs;
use std::path::PathBuf;
use std::process::{self, Command};

const PACKAGE: &str = "ziglang==0.17.1";

/// The compiler, with a cache of its own.
pub fn zig() -> Option<Command> {
    let folder = folder()?;
    let mut command = Command::new(folder.join("ziglang/zig"));
    command.env("ZIG_GLOBAL_CACHE_DIR", folder.with_file_name("zig-cache"));
    command.env("ZIG_LOCAL_CACHE_DIR", folder.with_file_name("zig-cache"));
    Some(command)
}

fn folder() -> Option<PathBuf> {
    let folder = product(PACKAGE);
    if folder.is_dir() {
        return Some(folder);
    }
    // Installed under a name of its own and renamed: test programs may run at the same time.
    let unfinished = folder.with_file_name(format!("{PACKAGE}.{}", process::id()));
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    let output = pip.arg("--target").arg(&unfinished).arg(PACKAGE).output();
    let reason = match output {
        Ok(output) if output.status.success() => {
            if fs::rename(&unfinished, &folder).is_err() {
                // Another test was first.
                let _ = fs::remove_dir_all(&unfinished);
            }
            assert!(folder.is_dir(), "{} is not there", folder.display());
            return Some(folder);
        }
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim_end().to_owned(),
        Err(error) => error.to_string(),
    };
    let _ = fs::remove_dir_all(&unfinished);
    tools::skip(&format!("pip cannot install {PACKAGE}: {reason}"));
    None
}
