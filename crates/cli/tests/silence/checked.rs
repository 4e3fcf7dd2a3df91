//! A program that runs under the checker, and what the checker said of it.

use crate::command::{answer, json, watching};
use epshim_harness::process::Process;
use epshim_harness::products::{chmod, folder};
use serde_json::Value;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

/// What the rules wait for before they speak of what was left behind, and half of it again: for so
/// long a load leaves its connections open and says nothing.
pub const QUIET: Duration = Duration::from_millis(2500);

/// A program under the checker.
pub struct Checked {
    process: Process,
    stderr: PathBuf,
    json: PathBuf,
    recording: Option<PathBuf>,
}

impl Checked {
    /// Starts it, in a folder of this name. Its stdout can be read line by line.
    pub fn start(name: &str, command: &[&str]) -> Self {
        Self::start_in(folder(&format!("silence_{name}")), command)
    }

    /// Starts it in a folder that has what it needs.
    pub fn start_in(folder: PathBuf, command: &[&str]) -> Self {
        Self::start_and_record(folder, command, None)
    }

    /// The same, and records it.
    pub fn start_recorded_in(folder: PathBuf, command: &[&str]) -> Self {
        let recording = folder.join("recording.trace");
        Self::start_and_record(folder, command, Some(recording))
    }

    fn start_and_record(folder: PathBuf, command: &[&str], recording: Option<PathBuf>) -> Self {
        let stderr = folder.join("stderr");
        let json = folder.join("findings.json");
        // A descendant with another user's rights writes there too.
        File::create(&json).unwrap();
        chmod(&json, 0o666);
        let mut checked = watching(&["check", "--json", json.to_str().unwrap()]);
        checked.args(recording.iter().flat_map(|file| [Path::new("--record"), file]));
        checked.arg("--").args(command).current_dir(&folder).stdin(Stdio::null());
        checked.stderr(File::create(&stderr).unwrap());
        let process = Process::spawn(command[0], &mut checked).unwrap();
        Self { process, stderr, json, recording }
    }

    /// The port in the line `listening on 127.0.0.1:PORT`.
    pub fn port_it_says(&mut self) -> u16 {
        let address = self.process.listening_address();
        address.unwrap_or_else(|error| panic!("{error}\n{}", self.said())).port()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: i32) {
        self.process.signal(signal);
    }

    /// Waits until it has ended, with this exit code.
    pub fn ends_with(mut self, code: i32) -> Ended {
        let status = self.process.wait();
        assert_eq!(status.code(), Some(code), "{status}\n{}", self.said());
        let lines = fs::read_to_string(&self.json).unwrap();
        let reports = lines.lines().map(json).collect();
        Ended { said: self.said(), reports, recording: self.recording.take() }
    }

    fn said(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.stderr).unwrap()).into_owned()
    }
}

impl Drop for Checked {
    fn drop(&mut self) {
        // It has ended already, or the test has failed: then its own children end with it, as they
        // would not if it were killed.
        if !self.process.has_ended() {
            self.signal(libc::SIGTERM);
            self.process.wait();
        }
    }
}

/// What a program and the checker in it have said.
pub struct Ended {
    pub said: String,
    reports: Vec<Value>,
    recording: Option<PathBuf>,
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

    /// How much of this kind the checker did not see.
    pub fn not_seen(&self, what: &str) -> u64 {
        let amount = |end: &Value| end["seen"][what].as_u64().expect("a number");
        self.of_kind("summary").map(amount).sum()
    }

    /// The rules of which a suspicion was not followed.
    pub fn not_followed(&self) -> Vec<&str> {
        let lists = self.of_kind("summary").map(|end| &end["seen"]["not_followed"]);
        let rules = lists.flat_map(|list| list.as_array().expect("a list"));
        rules.map(|one| one["rule"].as_str().expect("a name")).collect()
    }

    /// Nothing was found, and the checker was there until the end; nor is anything found in a recording.
    pub fn is_silent(&self) {
        assert!(self.findings().is_empty(), "{}", self.said);
        let waits = |end: &Value| end["seen"]["waits"].as_u64().expect("a number");
        let seen: u64 = self.of_kind("summary").map(waits).sum();
        assert!(seen > 0, "the checker saw nothing: {:?} {}", self.reports, self.said);
        if let Some(recording) = &self.recording {
            let replayed = answer(&["replay", recording.to_str().unwrap()]);
            assert_eq!(replayed.code, 0, "{} {}", replayed.out, replayed.err);
            fs::remove_file(recording).unwrap();
        }
    }
}

/// A file of this test's sources.
pub fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/silence").join(name)
}
