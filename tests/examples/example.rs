//! One run of an example: started, read line by line, and never left running.
//!
//! A run has one generous limit for all of it, so that an example that hangs, or never stops
//! talking, fails its test with what it had printed, and the speed of the machine decides nothing.

use epshim_harness::deadline;
use epshim_harness::process::Process;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::time::Instant;

/// A running example. Dropping it kills it.
pub struct Example {
    process: Process,
    /// When it has run for too long.
    until: Instant,
}

impl Example {
    /// Starts an example without input.
    pub fn start(name: &str, arguments: &[&str]) -> Self {
        Self::start_with_input(name, arguments, Stdio::null())
    }

    pub fn start_with_input(name: &str, arguments: &[&str], stdin: Stdio) -> Self {
        let mut command = Command::new(built(name));
        let process = Process::start_with_input(name, command.args(arguments), stdin);
        Self { process, until: deadline() }
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    pub fn take_stdin(&mut self) -> ChildStdin {
        self.process.take_stdin()
    }

    /// The next line of its stdout; `None` at the end.
    pub fn next_line(&mut self) -> Option<String> {
        let line = self.process.next_line(self.until);
        line.unwrap_or_else(|error| self.fail(&error))
    }

    /// The next line of its stderr; `None` at the end.
    pub fn next_line_of_stderr(&mut self) -> Option<String> {
        let line = self.process.next_line_of_stderr(self.until);
        line.unwrap_or_else(|error| self.fail(&error))
    }

    fn fail(&self, error: &io::Error) -> ! {
        panic!("not at its end: {error}: {:#?}", self.process.stdout().lines().collect::<Vec<_>>())
    }

    /// Waits for the end. Returns the exit status and the lines not read yet, of both outputs.
    pub fn finish(mut self) -> (i32, Vec<String>, Vec<String>) {
        let end = self.process.finish(self.until);
        let (status, stdout, stderr) = end.unwrap_or_else(|error| self.fail(&error));
        (status.code().unwrap_or_else(|| panic!("{status}: {stdout:?} {stderr:?}")), stdout, stderr)
    }
}

/// Runs an example without input to its successful end. Returns what it printed.
pub fn output(name: &str, arguments: &[&str]) -> Vec<String> {
    let (status, stdout, stderr) = Example::start(name, arguments).finish();
    assert_eq!((status, stderr), (0, vec![]), "{name} {arguments:?}: {stdout:#?}");
    stdout
}

/// The executable of an example. Cargo builds the examples for `cargo test`, but not for
/// `cargo test --test examples`: better no test than a test of an old one.
fn built(name: &str) -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let program = this.parent().and_then(Path::parent).unwrap().join("examples").join(name);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("examples/{name}.rs"));
    let modified = |path: &Path| path.metadata().and_then(|metadata| metadata.modified());
    let program_modified = modified(&program).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; run `cargo build --examples` first, with the options of this test",
            program.display()
        )
    });
    // Where the tests run without the sources there is nothing to compare.
    let is_old = modified(&source).is_ok_and(|modified| modified > program_modified);
    assert!(!is_old, "{name} is older than its source; run `cargo build --examples` first");
    program
}
