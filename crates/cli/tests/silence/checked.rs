//! A program that runs under the checker, and what the checker said of it.

use crate::command::{json, watching};
use epshim_harness::products::{chmod, folder};
use serde_json::Value;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// What takes longer has failed, on a busy machine too.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// What the rules wait for before they speak of what was left behind, and half of it again: for so
/// long a load leaves its connections open and says nothing.
pub const QUIET: Duration = Duration::from_millis(2500);

/// A program under the checker.
pub struct Checked {
    child: Child,
    stderr: PathBuf,
    json: PathBuf,
}

impl Checked {
    /// Starts it, in a folder of this name. Its stdout can be read line by line.
    pub fn start(name: &str, command: &[&str]) -> Self {
        Self::start_in(folder(&format!("silence_{name}")), command)
    }

    /// Starts it in a folder that has what it needs.
    pub fn start_in(folder: PathBuf, command: &[&str]) -> Self {
        let stderr = folder.join("stderr");
        let json = folder.join("findings.json");
        // A descendant with another user's rights writes there too.
        File::create(&json).unwrap();
        chmod(&json, 0o666);
        let mut checked = watching(&["check", "--json", json.to_str().unwrap(), "--"]);
        checked.args(command).current_dir(&folder).stdin(Stdio::null()).stdout(Stdio::piped());
        let child = checked.stderr(File::create(&stderr).unwrap()).spawn().unwrap();
        Self { child, stderr, json }
    }

    /// The port in the line `listening on 127.0.0.1:PORT`.
    pub fn port_it_says(&mut self) -> u16 {
        let mut line = String::new();
        let stdout = self.child.stdout.as_mut().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let port = line.trim().rsplit(':').next().and_then(|port| port.parse().ok());
        port.unwrap_or_else(|| panic!("{line:?} names no port\n{}", self.said()))
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: &str) {
        let kill = format!("kill -{signal} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success(), "{kill}");
    }

    /// Waits until it has ended, with this exit code.
    pub fn ends_with(mut self, code: i32) -> Ended {
        let status = wait(&mut self.child);
        assert_eq!(status.code(), Some(code), "{status}\n{}", self.said());
        let lines = fs::read_to_string(&self.json).unwrap();
        Ended { said: self.said(), reports: lines.lines().map(json).collect() }
    }

    fn said(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.stderr).unwrap()).into_owned()
    }
}

impl Drop for Checked {
    fn drop(&mut self) {
        // It has ended already, or the test has failed: then its own children end with it, as they
        // would not if it were killed.
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            self.signal("TERM");
            wait(&mut self.child);
        }
    }
}

/// Waits for a process, but not for ever.
fn wait(child: &mut Child) -> ExitStatus {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(Instant::now() < until, "it does not end");
        sleep(Duration::from_millis(10));
    }
}

/// What a program and the checker in it have said.
pub struct Ended {
    pub said: String,
    reports: Vec<Value>,
}

impl Ended {
    fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.reports.iter().filter(move |report| report["kind"] == kind)
    }

    /// The findings: rules and certainties. Notes are not reported unless they are asked for.
    pub fn findings(&self) -> Vec<(&str, &str)> {
        let words = |one: &'static str| {
            self.of_kind("finding").map(move |report| report[one].as_str().expect("a string"))
        };
        words("rule").zip(words("certainty")).collect()
    }

    /// Nothing was found, and the checker was there until the end.
    pub fn is_silent(&self) {
        assert!(self.findings().is_empty(), "{}", self.said);
        let waits = |end: &Value| end["seen"]["waits"].as_u64().expect("a number");
        let seen: u64 = self.of_kind("summary").map(waits).sum();
        assert!(seen > 0, "the checker saw nothing: {:?} {}", self.reports, self.said);
    }
}

/// A port that was free a moment ago, for programs that cannot pick one themselves.
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// A connection to a port of this machine, which a server may not have opened yet.
pub fn connect(port: u16) -> TcpStream {
    let until = Instant::now() + PATIENCE;
    loop {
        match TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))) {
            Ok(stream) => {
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                stream.set_write_timeout(Some(PATIENCE)).unwrap();
                return stream;
            }
            Err(error) => assert!(Instant::now() < until, "port {port}: {error}"),
        }
        sleep(Duration::from_millis(10));
    }
}

/// Whether these programs are installed; where they are not, and nobody requires them, the test is
/// skipped.
pub fn have(programs: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places: Vec<PathBuf> =
        std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]).collect();
    let is_there = |name: &&str| places.iter().any(|place| place.join(name).exists());
    let missing: Vec<_> = programs.iter().filter(|name| !is_there(name)).collect();
    if !missing.is_empty() {
        assert!(std::env::var_os("EPSHIM_REQUIRE_TOOLS").is_none(), "not installed: {missing:?}");
        eprintln!("skipped: not installed: {missing:?}");
    }
    missing.is_empty()
}

/// A file of this test's sources.
pub fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/silence").join(name)
}
