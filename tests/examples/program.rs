//! One run of an example: started, read line by line, and never left running.
//!
//! A run has one generous limit for all of it, so that an example that hangs, or never stops
//! talking, fails its test with what it had printed, and the speed of the machine decides nothing.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// How long an example may run.
pub const LIMIT: Duration = Duration::from_secs(60);

/// A running example. Dropping it kills it.
pub struct Program {
    pub child: Child,
    pub stdout: Lines,
    pub stderr: Lines,
}

impl Program {
    /// Starts an example without input.
    pub fn start(name: &str, arguments: &[&str]) -> Self {
        Self::start_with_input(name, arguments, Stdio::null())
    }

    pub fn start_with_input(name: &str, arguments: &[&str], stdin: Stdio) -> Self {
        let mut command = Command::new(built(name));
        command.args(arguments).stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let stdout = Lines::of(child.stdout.take().unwrap());
        let stderr = Lines::of(child.stderr.take().unwrap());
        Self { child, stdout, stderr }
    }

    /// Waits for the end. Returns the exit status and the lines not read yet, of both outputs.
    pub fn finish(mut self) -> (i32, Vec<String>, Vec<String>) {
        let stdout: Vec<_> = std::iter::from_fn(|| self.stdout.next()).collect();
        let stderr: Vec<_> = std::iter::from_fn(|| self.stderr.next()).collect();
        // Both outputs have ended, so the program has, or is about to.
        let status = self.child.wait().unwrap();
        (status.code().unwrap_or_else(|| panic!("{status}: {stdout:?} {stderr:?}")), stdout, stderr)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail only if it has ended and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of an output, read by a thread of their own so that waiting for them has a limit.
pub struct Lines {
    lines: Receiver<String>,
    seen: Vec<String>,
    deadline: Instant,
}

impl Lines {
    fn of(output: impl Read + Send + 'static) -> Self {
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                let line = line.unwrap_or_else(|error| format!("<unreadable: {error}>"));
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self { lines, seen: Vec::new(), deadline: Instant::now() + LIMIT }
    }

    /// The next line; `None` at the end of the output.
    pub fn next(&mut self) -> Option<String> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        match self.lines.recv_timeout(left) {
            Ok(line) if !left.is_zero() => {
                self.seen.push(line.clone());
                Some(line)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            _ => panic!("not at its end after {LIMIT:?}: {:#?}", self.seen),
        }
    }
}

/// Runs an example without input to its successful end. Returns what it printed.
pub fn output(name: &str, arguments: &[&str]) -> Vec<String> {
    let (status, stdout, stderr) = Program::start(name, arguments).finish();
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
