//! System calls of a server, counted in a run of their own: counting makes every call slower.
//!
//! The kernel's own counter, the tracepoint raw_syscalls:sys_enter (perf_event_open(2)), costs the
//! least, and needs a mounted tracefs and privileges. Without it strace counts, which slows the
//! server down so much that it finds more messages ready in each wait than otherwise.

use epshim_harness::sys;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Read};
use std::mem::size_of;
use std::os::fd::FromRawFd;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// struct perf_event_attr in its first version, PERF_ATTR_SIZE_VER0 (linux/perf_event.h).
#[repr(C)]
#[derive(Default)]
struct Attributes {
    kind: u32,
    size: u32,
    config: u64,
    sample_period: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup_events: u32,
    breakpoint_type: u32,
    breakpoint_address: u64,
}

const PERF_TYPE_TRACEPOINT: u32 = 2;
const PERF_FLAG_FD_CLOEXEC: libc::c_ulong = 8;
const IDS: [&str; 2] = [
    "/sys/kernel/tracing/events/raw_syscalls/sys_enter/id",
    "/sys/kernel/debug/tracing/events/raw_syscalls/sys_enter/id",
];

/// Counts the system calls of the main thread of a process from when it was made.
pub enum Counter {
    Kernel(File),
    Strace(Child),
}

impl Counter {
    pub fn start(process: u32) -> Result<Self, Box<dyn Error>> {
        match of_kernel(process) {
            Ok(file) => Ok(Self::Kernel(file)),
            Err(reason) => strace(process)
                .map(Self::Strace)
                .map_err(|error| format!("perf_event_open: {reason}; strace: {error}").into()),
        }
    }

    /// How many there were.
    pub fn stop(self) -> Result<u64, Box<dyn Error>> {
        match self {
            Self::Kernel(mut file) => {
                let mut count = [0; 8];
                file.read_exact(&mut count)?;
                Ok(u64::from_ne_bytes(count))
            }
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

fn of_kernel(process: u32) -> io::Result<File> {
    let id = IDS.iter().find_map(|file| fs::read_to_string(file).ok());
    let id = id.and_then(|id| id.trim().parse().ok());
    let attributes = Attributes {
        kind: PERF_TYPE_TRACEPOINT,
        size: size_of::<Attributes>() as u32,
        config: id.ok_or_else(|| io::Error::other("no tracefs"))?,
        ..Attributes::default()
    };
    // SAFETY: the attributes live through the call, and say their size.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_perf_event_open,
            &raw const attributes,
            process as libc::pid_t,
            -1,
            -1,
            PERF_FLAG_FD_CLOEXEC,
        )
    };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just made, and nobody else's.
    Ok(unsafe { File::from_raw_fd(fd as i32) })
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
