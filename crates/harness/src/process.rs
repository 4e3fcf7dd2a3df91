//! [`Process`]: a child that is watched through `/proc` and never outlives its test; and [`run`] for
//! a command that ends by itself.
//!
//! Its output is read all the time, by two threads, so that it never blocks on a full pipe. When
//! the test fails, what it wrote on stderr is shown.

use crate::output::Output;
use crate::{deadline, sys, wait_for};
use libc::c_int;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::process::{self, Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

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
    /// Where it is not the caller's own.
    stderr: Option<Output>,
}

impl Process {
    /// Starts `command` without input; failures call it `name`.
    pub fn start(name: &str, command: &mut Command) -> Self {
        Self::start_with_input(name, command, Stdio::null())
    }

    /// Starts `command` with this input; failures call it `name`.
    pub fn start_with_input(name: &str, command: &mut Command, stdin: Stdio) -> Self {
        command.stdin(stdin).stderr(Stdio::piped());
        Self::spawn(name, command).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts `command` with the stdin and the stderr that it names, or the caller's.
    pub fn spawn(name: &str, command: &mut Command) -> io::Result<Self> {
        sys::die_with_this_thread(command);
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| io::Error::new(error.kind(), format!("{command:?}: {error}")))?;
        let stdout = Output::of(child.stdout.take().expect("piped"));
        let stderr = child.stderr.take().map(Output::of);
        Ok(Self { name: name.to_owned(), child, stdout, stderr })
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its input, which ends when this is dropped.
    pub fn take_stdin(&mut self) -> ChildStdin {
        self.child.stdin.take().expect("it was started with a pipe")
    }

    /// What it has written to stdout.
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// What it has written to stderr; nothing if that is the caller's own.
    pub fn stderr(&self) -> String {
        self.stderr.as_ref().map_or(String::new(), Output::text)
    }

    /// The next line of its stdout; nothing at its end. The error is `TimedOut`.
    pub fn next_line(&mut self, until: Instant) -> io::Result<Option<String>> {
        self.stdout.next_line(until)
    }

    /// The next line of its stderr; nothing at its end. The error is `TimedOut`.
    pub fn next_line_of_stderr(&mut self, until: Instant) -> io::Result<Option<String>> {
        self.stderr.as_mut().map_or(Ok(None), |stderr| stderr.next_line(until))
    }

    /// The address in its first line, `listening on ADDRESS`, or what it wrote instead.
    pub fn listening_address(&mut self) -> Result<SocketAddr, String> {
        let line = self.next_line(deadline());
        let address = match &line {
            Ok(Some(line)) => line.strip_prefix("listening on "),
            _ => None,
        };
        let address = address.and_then(|address| address.parse().ok());
        address.ok_or_else(|| {
            format!("{}: its first line is {line:?}; stderr: {}", self.name, self.stderr())
        })
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: c_int) {
        sys::kill(self.id(), signal);
    }

    /// Stops it with SIGSTOP, and returns when it has stopped.
    pub fn freeze(&self) {
        self.signal(libc::SIGSTOP);
        let stopped = || (self.state() == 'T').then_some(());
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

    /// Waits until it ends by itself. Returns how, and the lines not read yet, of both outputs.
    pub fn finish(&mut self, until: Instant) -> io::Result<(ExitStatus, Vec<String>, Vec<String>)> {
        let stdout = self.stdout.rest(until)?;
        let stderr = self.stderr.as_mut().map_or(Ok(Vec::new()), |stderr| stderr.rest(until))?;
        Ok((self.wait(), stdout, stderr))
    }

    /// Whether it has ended. Of one that has, nothing is left to look at.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it is our child").is_some()
    }

    /// Whether it has not ended yet. Not to be asked after it was waited for.
    pub fn is_running(&self) -> bool {
        self.state() != 'Z'
    }

    /// Whether its first thread sleeps at this moment.
    pub fn is_asleep(&self) -> bool {
        self.state() == 'S'
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

    /// The processor time of all its threads.
    pub fn cpu_time(&self) -> io::Result<Duration> {
        sys::cpu_time(self.id())
    }

    /// The letter of its state (proc_pid_stat(5)), which follows the command's name in parentheses.
    fn state(&self) -> char {
        let stat = fs::read_to_string(self.proc("stat")).expect("it runs");
        let (_, fields) = stat.rsplit_once(") ").expect("the name stands in parentheses");
        fields.chars().next().expect("a state")
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
