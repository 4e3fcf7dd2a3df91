//! One run of a program under `epshim check`, in a process group of its own and for a bounded time.

use crate::command::{json, watching};
use epshim_harness::products::folder;
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use serde_json::Value;
use std::fs::{self, File, OpenOptions};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a run may take. The longest program runs for 13 s; sanitizers are slow to start.
const LIMIT: Duration = Duration::from_secs(60);

/// What a run left.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code; none: a signal, or it was killed for running too long.
    pub code: Option<i32>,
    /// Its standard output: the program's own.
    pub out: String,
    /// Its standard error: the report.
    pub err: String,
    /// The lines of `--json`.
    pub json: Vec<Value>,
}

impl Outcome {
    /// The lines of this kind.
    pub fn lines(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.json.iter().filter(move |line| line["kind"] == kind)
    }
}

/// Runs a program under `epshim check --json FILE` and these options.
pub fn check(program: &Path, options: &[&str]) -> Outcome {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| folder("corpus"));
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let place = FOLDER.join(RUNS.fetch_add(1, Ordering::Relaxed).to_string());
    let file = |extension| place.with_extension(extension);
    let mut command = watching(&["check", "--json"]);
    command.arg(file("json")).args(options).arg("--").arg(program);
    command.stdin(Stdio::null()).stdout(File::create(file("out")).unwrap());
    command.stderr(OpenOptions::new().create(true).append(true).open(file("err")).unwrap());
    let mut child = command.process_group(0).spawn().unwrap();
    let group = Pid::from_child(&child);

    let start = Instant::now();
    let status = loop {
        // The other processes of the group are gone soon after, or something is wrong.
        match child.try_wait().unwrap() {
            Some(status) if test_kill_process_group(group).is_err() => break status,
            _ if start.elapsed() > LIMIT => {
                let _ = kill_process_group(group, Signal::KILL);
                break child.wait().unwrap();
            }
            _ => thread::sleep(Duration::from_millis(5)),
        }
    };
    let take = |extension| {
        let text = fs::read_to_string(file(extension)).unwrap_or_default();
        let _ = fs::remove_file(file(extension));
        text
    };
    let lines = take("json");
    assert!(lines.is_empty() || lines.ends_with('\n'), "{program:?}: {lines}");
    Outcome {
        code: status.code(),
        out: take("out"),
        err: take("err"),
        json: lines.lines().map(json).collect(),
    }
}

/// Does something with each of these, a given number at a time; the results come in any order.
pub fn each<T: Send, R: Send>(
    all: Vec<T>,
    at_a_time: usize,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let queue = std::sync::Mutex::new(all.into_iter());
    let next = || queue.lock().unwrap().next();
    let worker = || std::iter::from_fn(|| next().map(&work)).collect::<Vec<R>>();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..at_a_time).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    })
}
