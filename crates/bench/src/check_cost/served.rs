//! A server of others, in one of the ways: what it costs with all its processes, and how it is ended.
//!
//! Its processes are those that descend from the one that was started: strace has the server below
//! it, and nginx its workers.

use super::way::{By, Result, Tools, Way};
use crate::affinity;
use epshim_harness::process::Process;
use epshim_harness::sys;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a server may take until it listens.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server.
pub struct Served {
    process: Process,
    pub port: u16,
    /// Its recording.
    recording: Option<PathBuf>,
}

impl Served {
    /// Starts a command that listens on this port, in one of the ways.
    pub fn start(way: &Way, tools: &Tools, port: u16, command: &[&str]) -> Result<Self> {
        let recording = std::env::temp_dir().join(format!("epshim-cost-{port}.trace"));
        let (epshim, file) = (tools.command.to_string_lossy(), recording.to_string_lossy());
        let by: &[&str] = match way.by {
            By::Itself => &[],
            By::Record => &[&epshim, "check", "--quiet", "--record", &file, "--"],
            By::Profile => &[&epshim, "profile", "--"],
            By::ProfileAndCheck => &[&epshim, "profile", "--check", "--"],
            By::Strace => &["strace", "-f", "-qq", "-o", "/dev/null"],
        };
        let words = [by, command].concat();
        let mut start = Command::new(words[0]);
        way.mode.set(&mut start, tools.library(way).ok_or("there is no other build")?);
        affinity::pin_command(&mut start, affinity::servers());
        if matches!(way.by, By::Profile | By::ProfileAndCheck) {
            // The profile is nobody's here.
            start.stderr(Stdio::null());
        }
        let process = Process::spawn(way.name, start.args(&words[1..]).stdin(Stdio::null()))?;
        let recording = (way.by == By::Record).then_some(recording);
        let server = Self { process, port, recording };
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if Instant::now() > end {
                return Err(format!("{command:?} does not listen").into());
            }
            sleep(Duration::from_millis(10));
        }
        for observer in server.processes()?.into_iter().filter(|&process| is_observer(process)) {
            affinity::move_to_load(observer)?;
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
            // An observer ends with its server, after its last words.
            if !is_observer(process) {
                let _ = sys::try_kill(process, libc::SIGTERM);
            }
        }
        self.process.wait();
        if let Some(recording) = &self.recording {
            let _ = fs::remove_file(recording);
        }
    }
}

fn is_observer(process: u32) -> bool {
    let name = fs::read_to_string(format!("/proc/{process}/comm"));
    name.is_ok_and(|name| name.trim() == "epshim-observer")
}
