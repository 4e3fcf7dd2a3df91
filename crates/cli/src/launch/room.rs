//! Whether the library has room beside the program in the address space that it may have (RLIMIT_AS, the
//! shell's `ulimit -v`). Where it has none, ld.so maps the library first, cannot map libc after it, and ends
//! the program with 127, which without the library would start.
//!
//! ld.so is asked itself: `--list` maps what a program needs, in the order in which it would, and runs
//! nothing of it. It is asked only where there is a limit, in a process that has the same one, less what the
//! program and the library are to have when they run. Where it says no, it is asked without the library:
//! a program that would not start anyway is nothing that this command decides on.
//!
//! Surprising: what ld.so has written is believed, not how it has ended. It writes only when all is mapped,
//! and a caller that ignores SIGCHLD leaves no status to wait for.

use super::environment::{LIBRARY, PRELOAD};
use super::target::Target;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::ffi::OsStr;
use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

/// What is to be left when all is mapped. The library has taken 1 MiB at most where there was enough; with
/// less it gives up, and says so. The rest is for what the program allocates until it runs.
const LEFT: u64 = 4 << 20;

/// The library has no room.
#[derive(Debug)]
pub struct None {
    /// The limit, in bytes.
    pub limit: u64,
}

/// Whether the library fits beside this program. `preload`: what `LD_PRELOAD` will be.
pub fn beside(target: &Target, preload: &OsStr) -> Result<(), None> {
    let Some(limit) = getrlimit(Resource::As).current else { return Ok(()) };
    let with = listed(target, limit.saturating_sub(LEFT), Some(preload));
    if with.is_none_or(|list| list.contains(LIBRARY)) {
        return Ok(());
    }
    match listed(target, limit, Option::None) {
        Some(list) if !list.is_empty() => Err(None { limit }),
        _ => Ok(()),
    }
}

/// What ld.so maps for the program with so much address space; nothing where it could not be asked.
fn listed(target: &Target, limit: u64, preload: Option<&OsStr>) -> Option<String> {
    let mut command = Command::new(&target.interpreter);
    command.arg("--list").arg(&target.runs);
    match preload {
        Some(preload) => command.env(PRELOAD, preload),
        Option::None => command.env_remove(PRELOAD),
    };
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let limit = Rlimit { current: Some(limit), maximum: getrlimit(Resource::As).maximum };
    // SAFETY: between fork and exec, the closure makes one system call and allocates nothing.
    unsafe { command.pre_exec(move || Ok(setrlimit(Resource::As, limit)?)) };
    let mut child = command.spawn().ok()?;
    let mut list = Vec::new();
    let read = child.stdout.take().map(|mut output| output.read_to_end(&mut list));
    let _ = child.wait();
    read?.ok()?;
    Some(String::from_utf8_lossy(&list).into_owned())
}
