//! A program that waits for a word before it begins, and the engine that is attached to it by then.

use crate::command::{epshim, json};
use epshim_harness::deadline;
use epshim_harness::process::Process;
use epshim_harness::products::folder;
use rustix::thread::{CapabilitySet, capabilities};
use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Whether this machine lets a program watch others; says so where it does not.
pub fn can_attach() -> bool {
    static WHY_NOT: LazyLock<Option<String>> = LazyLock::new(why_not);
    if let Some(why) = &*WHY_NOT {
        eprintln!("skipped: {why}");
    }
    WHY_NOT.is_none()
}

fn why_not() -> Option<String> {
    let mut sleeper = Process::start("sleep", Command::new("sleep").arg("60"));
    let pid = sleeper.id().to_string();
    let answer = crate::command::answer(&["check", "--quiet", "--pid", &pid, "--for", "10ms"]);
    sleeper.signal(libc::SIGKILL);
    sleeper.wait();
    // What is missing is said with what does without it; anything else is a failure of the engine's own.
    let is_missing = answer.err.contains("epshim inspect");
    assert!(answer.code == 0 || is_missing, "{}: {}", answer.code, answer.err);
    Some(answer.err).filter(|_| answer.code != 0)
}

/// Whether this process has the right itself.
pub fn is_privileged() -> bool {
    let has =
        |sets: rustix::thread::CapabilitySets| sets.effective.contains(CapabilitySet::SYS_ADMIN);
    capabilities(None).is_ok_and(has)
}

/// What a run left.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code of the engine.
    pub code: Option<i32>,
    /// What the program wrote.
    pub out: Vec<String>,
    /// The report.
    pub err: String,
    /// The lines of `--json`.
    pub json: Vec<Value>,
}

impl Outcome {
    /// The findings.
    pub fn findings(&self) -> impl Iterator<Item = &Value> {
        self.json.iter().filter(|line| line["kind"] == "finding")
    }
}

/// A file of its own for JSON lines.
pub fn file() -> PathBuf {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| folder("attached"));
    static FILES: AtomicUsize = AtomicUsize::new(0);
    FOLDER.join(format!("{}.json", FILES.fetch_add(1, Ordering::Relaxed)))
}

/// The engine, attached to this process: its first line is there.
pub fn attach(pid: u32, options: &[&str], to: &Path) -> Process {
    let mut command = epshim(&["check", "--pid", &pid.to_string(), "--json"]);
    command.arg(to).args(options);
    let mut engine = Process::start("epshim", &mut command);
    let line = engine.next_line_of_stderr(deadline()).expect("it says that it watches");
    assert!(line.is_some_and(|line| line.contains("from outside")), "{}", engine.stderr());
    engine
}

/// What the engine has left, when it has ended.
pub fn outcome(mut engine: Process, to: &Path, out: Vec<String>) -> Outcome {
    let (status, _, _) = engine.finish(deadline()).expect("it ends");
    let lines = fs::read_to_string(to).unwrap_or_default();
    let _ = fs::remove_file(to);
    let json = lines.lines().map(json).collect();
    Outcome { code: status.code(), out, err: engine.stderr(), json }
}

/// Runs a program from its begin to its end: it is a shell that waits for a line when it is attached to, and becomes the
/// program, with the same id.
pub fn run(program: &Path, options: &[&str]) -> Outcome {
    let mut shell = Command::new("sh");
    shell.args(["-c", "read line; exec \"$@\" </dev/null", "sh"]).arg(program);
    let mut shell = Process::start_with_input("the program", &mut shell, Stdio::piped());
    let to = file();
    let engine = attach(shell.id(), options, &to);
    shell.take_stdin().write_all(b"begin\n").expect("it reads");
    let (_, out, _) = shell.finish(deadline()).expect("it ends");
    outcome(engine, &to, out)
}
