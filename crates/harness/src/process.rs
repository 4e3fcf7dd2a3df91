//! [`Process`]: a child that is watched through `/proc` and never outlives its test; and [`run`] for
//! a command that ends by itself.
//!
//! Its output is read all the time, by two threads, so that it never blocks on a full pipe. When
//! the test fails, what it wrote on stderr is shown.

use crate::{sys, wait_for};
use libc::c_int;
use std::fs;
use std::io::Read;
use std::process::{self, Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Runs a command that must succeed, and returns what it wrote.
pub fn run(command: &mut Command) -> process::Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let [out, errors] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "{command:?}: {}\n{out}{errors}", output.status);
    output
}

/// Runs a command that must succeed, and returns what it wrote to stdout.
pub fn stdout_of(command: &mut Command) -> String {
    String::from_utf8_lossy(&run(command).stdout).into_owned()
}

/// A running child process.
pub struct Process {
    name: String,
    child: Child,
    stdout: Output,
    stderr: Output,
}

impl Process {
    /// Starts `command`; failures call it `name`.
    pub fn start(name: &str, command: &mut Command) -> Self {
        sys::die_with_this_thread(command);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let stdout = Output::of(child.stdout.take().expect("piped"));
        let stderr = Output::of(child.stderr.take().expect("piped"));
        Self { name: name.to_owned(), child, stdout, stderr }
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to stdout.
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// What it has written to stderr.
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: c_int) {
        sys::kill(self.id(), signal);
    }

    /// Stops it with SIGSTOP, and returns when it has stopped.
    pub fn freeze(&self) {
        self.signal(libc::SIGSTOP);
        let stopped = || (self.stat(0) == "T").then_some(());
        wait_for("a SIGSTOP to take effect", stopped);
    }

    /// Lets it go on after [`freeze`](Self::freeze).
    pub fn thaw(&self) {
        self.signal(libc::SIGCONT);
    }

    /// Waits until it ends.
    pub fn wait(&mut self) -> ExitStatus {
        let what = format!("the end of {}", self.name);
        wait_for(&what, || self.child.try_wait().expect("it is our child"))
    }

    /// Whether it has not ended yet.
    pub fn is_running(&self) -> bool {
        self.stat(0) != "Z"
    }

    /// Whether its first thread sleeps at this moment.
    pub fn is_asleep(&self) -> bool {
        self.stat(0) == "S"
    }

    /// How many threads it has.
    pub fn threads(&self) -> usize {
        fs::read_dir(self.proc("task")).expect("it runs").count()
    }

    /// How many descriptors it has open.
    pub fn descriptors(&self) -> usize {
        self.descriptors_below(usize::MAX)
    }

    /// How many descriptors below a number it has open. The session that runs the tests may have
    /// left it some of high numbers, which no limit closes.
    pub fn descriptors_below(&self, end: usize) -> usize {
        let entries = fs::read_dir(self.proc("fd")).expect("it runs");
        let names = entries.map(|entry| entry.expect("readable").file_name());
        names.filter(|name| name.to_str().and_then(|n| n.parse().ok()) < Some(end)).count()
    }

    /// A line of `/proc/PID/status` in KiB, such as `VmHWM`, the most memory it ever had
    /// (proc_pid_status(5)).
    pub fn memory(&self, field: &str) -> u64 {
        let status = fs::read_to_string(self.proc("status")).expect("it runs");
        let line = status.lines().find(|line| line.starts_with(field)).expect("a known field");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number of kB")
    }

    /// The memory that is there at this moment, in KiB: counted page by page
    /// (proc_pid_smaps_rollup(5)), which the counters of [`memory`](Self::memory) are not.
    pub fn memory_now(&self) -> u64 {
        let sums = fs::read_to_string(self.proc("smaps_rollup")).expect("it runs");
        let line = sums.lines().find(|line| line.starts_with("Rss:")).expect("a known field");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number of kB")
    }

    /// The processor time it has used, in ticks of 10 ms as a rule.
    pub fn cpu_time(&self) -> Duration {
        let ticks = |field| self.stat(field).parse::<u64>().expect("a number");
        Duration::from_millis((ticks(11) + ticks(12)) * 1000 / sys::ticks_per_second())
    }

    /// A field of `/proc/PID/stat`, counted from the state, which follows the command's name in
    /// parentheses: 0 is the state, 11 and 12 the user's and the system's time (proc_pid_stat(5)).
    fn stat(&self, field: usize) -> String {
        let stat = fs::read_to_string(self.proc("stat")).expect("it runs");
        let (_, fields) = stat.rsplit_once(") ").expect("the name stands in parentheses");
        fields.split(' ').nth(field).expect("a known field").to_owned()
    }

    fn proc(&self, file: &str) -> String {
        format!("/proc/{}/{file}", self.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let ended = self.child.try_wait().ok().flatten();
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let end = ended
                .map_or("it was running".to_owned(), |status| format!("it had ended: {status}"));
            let stderr = self.stderr();
            let from = stderr.len().saturating_sub(2000);
            let tail = String::from_utf8_lossy(&stderr.as_bytes()[from..]);
            eprintln!("{}: {end}; the end of its stderr:\n{tail}", self.name);
        }
    }
}

/// What came out of a pipe so far.
struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    fn of(mut pipe: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&bytes);
        thread::spawn(move || {
            let mut some = [0; 4096];
            while let Ok(count @ 1..) = pipe.read(&mut some) {
                all.lock().expect("no holder panics").extend_from_slice(&some[..count]);
            }
        });
        Self(bytes)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("no holder panics")).into_owned()
    }
}
