//! Programs of Python under `epshim check`, with each CPython that is here: the findings have the program's own
//! lines.
//!
//! A line that a report must name ends in a mark, `# first` and the like.

#[path = "../command/mod.rs"]
mod command;
mod findings;
mod lines;
mod load;
mod recorded;

use command::{json, watching};
use epshim_harness::products::folder;
use epshim_harness::pythons::{Python, pythons};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// A program, and what was found in it.
struct Found {
    /// The program's text.
    text: &'static str,
    findings: Vec<Value>,
    summary: Value,
    /// The report as text.
    report: String,
}

/// The Pythons whose lines can be had.
fn known() -> impl Iterator<Item = Python> {
    pythons().into_iter().filter(Python::is_known)
}

/// The interpreter has much debugging information, which takes long to read and is not looked at here.
const QUICK: &str = "symbolize=0";

/// Runs a program under the checker, with these settings.
fn check(python: &Python, name: &str, text: &'static str, settings: &str) -> Found {
    check_with(python, name, text, settings, &[], |_| {})
}

/// The same, with more options, and a command that is prepared further.
fn check_with(
    python: &Python,
    name: &str,
    text: &'static str,
    settings: &str,
    options: &[&str],
    prepare: impl FnOnce(&mut Command),
) -> Found {
    let folder = folder(&format!("python-{name}-{}", process_name(python)));
    let (program, file) = (folder.join("app.py"), folder.join("found.json"));
    fs::write(&program, text).expect("a file");
    let _ = fs::remove_file(&file);
    let mut command = watching(&["check", "--json"]);
    command.arg(&file).args(options).arg("--").arg(&python.path).arg(&program);
    command.env("EPSHIM_OPTIONS", settings);
    prepare(&mut command);
    let output = command.output().expect("epshim runs");
    let report = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(output.status.success(), "{}: {:?}: {report}", python.path.display(), output.status);
    let lines = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{error}: {report}"));
    let (findings, summaries): (Vec<_>, Vec<_>) =
        lines.lines().map(json).partition(|line| line["kind"] == "finding");
    let summary = summaries.into_iter().next().expect("an end");
    Found { text, findings, summary, report }
}

/// A name for a folder.
fn process_name(python: &Python) -> String {
    python.path.display().to_string().replace('/', "-")
}

impl Found {
    /// The number of the line with a mark.
    fn line(&self, mark: &str) -> u64 {
        let line = self.text.lines().position(|line| line.ends_with(mark)).expect(mark);
        line as u64 + 1
    }

    /// The lines that the findings of a rule are blamed on, in order.
    fn blamed(&self, rule: &str) -> Vec<u64> {
        let of_rule = self.findings.iter().filter(|finding| finding["rule"] == rule);
        let mut lines: Vec<_> = of_rule.map(|finding| line(&finding["blame"])).collect();
        lines.sort_unstable();
        lines
    }
}

/// The line of a frame, which must be in the program.
fn line(frame: &Value) -> u64 {
    let file = PathBuf::from(frame["file"].as_str().unwrap_or_else(|| panic!("no file: {frame}")));
    assert_eq!(file.file_name().and_then(|name| name.to_str()), Some("app.py"), "{frame}");
    assert_eq!(frame["language"], "Python");
    frame["line"].as_u64().expect("a line")
}
