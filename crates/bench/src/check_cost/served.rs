//! A server of others, in one of the ways: what it costs with all its processes, and how it is ended.
//!
//! Its processes are those that descend from the one that was started: strace has the server below
//! it, and nginx its workers.

use super::way::{Result, Way};
use crate::affinity;
use epshim_harness::process::Process;
use epshim_harness::sys;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a server may take until it listens.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server.
pub struct Served {
    process: Process,
    pub port: u16,
}

impl Served {
    /// Starts a command that listens on this port, in one of the ways.
    pub fn start(way: &Way, library: &Path, port: u16, command: &[&str]) -> Result<Self> {
        let strace: &[&str] = &["strace", "-f", "-qq", "-o", "/dev/null"];
        let words = if way.under_strace { [strace, command].concat() } else { command.to_vec() };
        let mut start = Command::new(words[0]);
        way.mode.set(&mut start, library);
        affinity::pin_command(&mut start, affinity::servers());
        let process = Process::spawn(way.name, start.args(&words[1..]).stdin(Stdio::null()))?;
        let server = Self { process, port };
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if Instant::now() > end {
                return Err(format!("{command:?} does not listen").into());
            }
            sleep(Duration::from_millis(10));
        }
        Ok(server)
    }

    /// Its processes; those that started others first.
    fn processes(&self) -> io::Result<Vec<u32>> {
        let mut all = vec![self.process.id()];
        let mut at = 0;
        while let Some(id) = all.get(at) {
            for thread in fs::read_dir(format!("/proc/{id}/task"))? {
                let children = fs::read_to_string(thread?.path().join("children"))?;
                all.extend(children.split_whitespace().flat_map(str::parse::<u32>));
            }
            at += 1;
        }
        Ok(all)
    }

    /// The processor time of all of them so far.
    pub fn cpu_time(&self) -> io::Result<Duration> {
        self.processes()?.into_iter().map(sys::cpu_time).sum()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // strace ends when what it runs has ended, and takes no notice of SIGTERM until then.
        for process in self.processes().unwrap_or_default() {
            let _ = sys::try_kill(process, libc::SIGTERM);
        }
        self.process.wait();
    }
}
