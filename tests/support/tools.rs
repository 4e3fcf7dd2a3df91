//! Tools that a test can use but a machine need not have: a second compiler, valgrind.
//!
//! Without the tool the test says so and skips that part, unless `EPSHIM_REQUIRE_TOOLS` is set, as
//! it is in continuous integration: there a missing tool is a failure.

use std::env;
use std::process::{Command, Stdio};

/// Whether `tool --version` runs.
pub fn is_installed(tool: &str) -> bool {
    let mut command = Command::new(tool);
    command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    let found = command.status().is_ok_and(|status| status.success());
    let required = env::var_os("EPSHIM_REQUIRE_TOOLS").is_some();
    assert!(found || !required, "{tool} is not installed, and EPSHIM_REQUIRE_TOOLS is set");
    if !found {
        eprintln!("skipped: {tool} is not installed");
    }
    found
}
