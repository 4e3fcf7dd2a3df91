//! System calls of a server, counted in a run of their own: counting makes every call slower.
//!
//! The kernel's own counter, the tracepoint raw_syscalls:sys_enter (perf_event_open(2)), costs the
//! least, and needs a mounted tracefs and privileges. Without it strace counts, which slows the
//! server down, so that it finds more messages ready in each wait than otherwise.

use epshim_harness::sys;
use perf_event::Builder;
use perf_event::events::Tracepoint;
use std::error::Error;
use std::fs;
use std::io;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const IDS: [&str; 2] = [
    "/sys/kernel/tracing/events/raw_syscalls/sys_enter/id",
    "/sys/kernel/debug/tracing/events/raw_syscalls/sys_enter/id",
];

/// Counts the system calls of the main thread of a process from when it was made.
pub enum Counter {
    Kernel(perf_event::Counter),
    Strace(Child),
}

impl Counter {
    pub fn start(process: u32) -> Result<Self, Box<dyn Error>> {
        match of_kernel(process) {
            Ok(counter) => Ok(Self::Kernel(counter)),
            Err(reason) => strace(process)
                .map(Self::Strace)
                .map_err(|error| format!("perf_event_open: {reason}; strace: {error}").into()),
        }
    }

    /// How many there were.
    pub fn stop(self) -> Result<u64, Box<dyn Error>> {
        match self {
            Self::Kernel(mut counter) => Ok(counter.read()?),
            Self::Strace(child) => {
                sys::kill(child.id(), libc::SIGINT);
                let output = child.wait_with_output()?;
                let summary = String::from_utf8_lossy(&output.stderr).into_owned();
                let total = summary.lines().find_map(|line| line.trim().strip_suffix("total"));
                let count = total.and_then(|count| count.trim().parse().ok());
                count.ok_or_else(|| format!("strace said: {summary}").into())
            }
        }
    }

    /// What counted, for the reader.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Kernel(_) => "the tracepoint raw_syscalls:sys_enter",
            Self::Strace(_) => "strace -c",
        }
    }
}

fn of_kernel(process: u32) -> io::Result<perf_event::Counter> {
    let id = IDS.iter().find_map(|file| fs::read_to_string(file).ok());
    let id = id.and_then(|id| id.trim().parse().ok());
    let event = Tracepoint::with_id(id.ok_or_else(|| io::Error::other("no tracefs"))?);
    let mut builder = Builder::new(event);
    let mut counter =
        builder.observe_pid(process as libc::pid_t).any_cpu().include_kernel().build()?;
    counter.enable()?;
    Ok(counter)
}

/// Returns once it is attached.
fn strace(process: u32) -> io::Result<Child> {
    let mut command = Command::new("strace");
    command.args(["-q", "-c", "-f", "-U", "calls,name", "-p", &process.to_string()]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let end = Instant::now() + Duration::from_secs(10);
    while Instant::now() < end && child.try_wait()?.is_none() {
        let status = fs::read_to_string(format!("/proc/{process}/status"))?;
        if !status.contains("TracerPid:\t0") {
            return Ok(child);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let _ = child.kill();
    let output = child.wait_with_output()?;
    Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}
