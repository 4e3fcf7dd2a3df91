//! Tools that a test can use but a machine need not have: a second compiler, valgrind, redis.
//!
//! Without the tool the test says so and skips that part, unless `EPSHIM_REQUIRE_TOOLS` is set, as
//! it is in continuous integration: there a missing tool is a failure.
//!
//! A tool is asked for its version, since a file of its name proves little: `python3` may be a
//! script that finds no Python. Servers, some of which have no such option, are looked up.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Whether a missing tool is a failure.
pub fn are_required() -> bool {
    env::var_os("EPSHIM_REQUIRE_TOOLS").is_some()
}

/// Says that a part of a test is left out, and why; where all tools are required, fails instead.
#[track_caller]
pub fn skip(why: &str) {
    assert!(!are_required(), "{why}, and EPSHIM_REQUIRE_TOOLS is set");
    eprintln!("skipped: {why}");
}

/// Whether `tool --version` runs.
pub fn is_installed(tool: &str) -> bool {
    let mut command = Command::new(tool);
    command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    let found = command.status().is_ok_and(|status| status.success());
    if !found {
        skip(&format!("{tool} is not installed"));
    }
    found
}

/// Whether all of these programs are in PATH, or where Debian has its servers.
pub fn are_there(programs: &[&str]) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let places: Vec<PathBuf> = env::split_paths(&path).chain(["/usr/sbin".into()]).collect();
    let is_there = |name: &&str| places.iter().any(|place| place.join(name).exists());
    let missing: Vec<_> = programs.iter().filter(|name| !is_there(name)).collect();
    if !missing.is_empty() {
        skip(&format!("not installed: {missing:?}"));
    }
    missing.is_empty()
}
