//! A server under measurement: pinned to a processor, and asked to end well.
//!
//! It is a child as the harness has them, which never outlives this program. What it costs is read
//! from outside: its processor time, its memory, and how long it was kept from a processor.

use crate::affinity;
use epshim_harness::process::Process;
use std::error::Error;
use std::fs;
use std::io;
use std::net::SocketAddrV4;
use std::process::{Command, Stdio};
use std::time::Duration;

/// A running server.
pub struct Server {
    process: Process,
    pub address: SocketAddrV4,
}

impl Server {
    /// Starts it on a processor, and waits for the line that says where it listens.
    pub fn start(command: &mut Command, processor: Option<usize>) -> Result<Self, Box<dyn Error>> {
        affinity::pin_command(command, processor);
        let name = format!("{command:?}");
        let mut process = Process::spawn(&name, command.stdin(Stdio::null()))?;
        let address = process.listening_address()?.to_string().parse()?;
        Ok(Self { process, address })
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The processor time of all its threads, to the nanosecond.
    pub fn cpu_time(&self) -> io::Result<Duration> {
        self.process.cpu_time()
    }

    /// Memory of its own, in bytes. The kernel's is not in it.
    pub fn resident(&self) -> u64 {
        self.process.memory("VmRSS") * 1024
    }

    /// How many descriptors it has open.
    pub fn descriptors(&self) -> usize {
        self.process.descriptors()
    }

    /// Stops it, and asserts that it ended well.
    pub fn stop(mut self) -> Result<(), Box<dyn Error>> {
        self.process.signal(libc::SIGTERM);
        let status = self.process.wait();
        if status.success() { Ok(()) } else { Err(status.to_string().into()) }
    }
}

/// Nanoseconds that the main thread of a process stood ready without a processor: the second number
/// of /proc/PID/schedstat (Documentation/scheduler/sched-stats.rst). 0 where the kernel keeps none.
pub fn run_delay(process: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/schedstat")).unwrap_or_default();
    text.split(' ').nth(1).and_then(|number| number.parse().ok()).unwrap_or(0)
}
