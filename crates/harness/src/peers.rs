//! The echo servers in C of the widespread event loops: libuv, libevent and libev. Their sources are
//! in `crates/bench/servers`, one file each.
//!
//! A machine need not have their libraries. What is missing is said before anything is compiled, so
//! that a server which does not compile is never taken for a library which is not there.

use crate::c_compiler::{compiler, try_build};
use crate::cargo;
use std::path::Path;
use std::process::{Command, Stdio};

/// Each with its header, and Debian's package of it.
const LIBRARIES: [(&str, &str, &str); 3] = [
    ("libuv", "uv.h", "libuv1-dev"),
    ("libevent", "event2/event.h", "libevent-dev"),
    ("libev", "ev.h", "libev-dev"),
];

/// Why the server of this library cannot be built here, if so.
pub fn missing(name: &str) -> Option<String> {
    let library = LIBRARIES.iter().find(|(library, ..)| *library == name);
    let (_, header, package) = library.unwrap_or_else(|| panic!("{name} has no server in C"));
    let mut command = compiler();
    command.args(["-E", "-x", "c", "-include", header, "/dev/null"]);
    match command.stdout(Stdio::null()).stderr(Stdio::null()).status() {
        Ok(status) if status.success() => None,
        Ok(_) => Some(format!("no <{header}>: install Debian's {package}")),
        Err(error) => Some(format!("{command:?}: {error}")),
    }
}

/// Builds the server of this library into `file`. `command` is the compiler with its options.
pub fn build(name: &str, command: &mut Command, file: &Path) -> Result<(), String> {
    let servers = cargo::root().join("crates/bench/servers");
    command.arg(servers.join(format!("{name}.c")));
    try_build(command.arg(format!("-l{}", name.trim_start_matches("lib"))), file)
}
