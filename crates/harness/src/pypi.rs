//! Packages of PyPI: each fetched once, and kept below cargo's target folder.
//!
//! Without Python and its pip, or without a network at the first run, the test says so and skips that part, unless
//! `EPSHIM_REQUIRE_TOOLS` is set, as with any of the [`tools`].

use crate::products::product;
use crate::tools;
use std::fs;
use std::path::PathBuf;
use std::process::{self, Command};

/// The folder of a package, such as `ziglang==0.17.1`, without what it depends on.
pub fn package(package: &str) -> Option<PathBuf> {
    let folder = product(package);
    if folder.is_dir() {
        return Some(folder);
    }
    // Installed under a name of its own and renamed: test programs may run at the same time.
    let unfinished = folder.with_file_name(format!("{package}.{}", process::id()));
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    let output = pip.arg("--target").arg(&unfinished).arg(package).output();
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
    tools::skip(&format!("pip cannot install {package}: {reason}"));
    None
}
