//! A program in a language of its own, under `epshim check`: what was found, and whether it has the program's lines.
//!
//! A line that a report must name ends in a mark, `# first` or `// first` and the like.

use crate::command::{json, watching};
use epshim_harness::products::folder;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A language, as the tests use it.
#[derive(Debug, Clone, Copy)]
pub struct Language {
    /// Its name in reports.
    pub name: &'static str,
    /// The name of a program's file.
    pub file: &'static str,
}

/// A program, and what was found in it.
pub struct Found {
    language: Language,
    /// The program's text.
    text: &'static str,
    /// What the program itself wrote to standard output.
    pub output: String,
    pub findings: Vec<Value>,
    pub summary: Value,
    /// The report as text.
    pub report: String,
}

/// The interpreter has much debugging information, which takes long to read and is not looked at here.
pub const QUICK: &str = "symbolize=0";

/// Writes the program to a file.
pub fn program(language: Language, interpreter: &Path, name: &str, text: &str) -> PathBuf {
    let interpreter = interpreter.display().to_string().replace('/', "-");
    let program = folder(&format!("{}-{name}-{interpreter}", language.name)).join(language.file);
    fs::write(&program, text).expect("a file");
    program
}

/// Runs a program under the checker, with these settings and a command that is prepared further.
pub fn check(
    language: Language,
    interpreter: (&Path, &[&str]),
    (name, text): (&str, &'static str),
    settings: &str,
    prepare: impl FnOnce(&mut Command),
) -> Found {
    check_with(language, interpreter, (name, text), settings, &[], prepare)
}

/// The same, with more options of `epshim check`.
pub fn check_with(
    language: Language,
    interpreter: (&Path, &[&str]),
    (name, text): (&str, &'static str),
    settings: &str,
    options: &[&str],
    prepare: impl FnOnce(&mut Command),
) -> Found {
    let (interpreter, arguments) = interpreter;
    let program = program(language, interpreter, name, text);
    let file = program.with_file_name("found.json");
    let _ = fs::remove_file(&file);
    let mut command = watching(&["check", "--json"]);
    command.arg(&file).args(options).arg("--").arg(interpreter).args(arguments).arg(&program);
    command.env("EPSHIM_OPTIONS", settings);
    prepare(&mut command);
    let output = command.output().expect("epshim runs");
    let report = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(output.status.success(), "{}: {:?}: {report}", interpreter.display(), output.status);
    let lines = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{error}: {report}"));
    let (findings, summaries): (Vec<_>, Vec<_>) =
        lines.lines().map(json).partition(|line| line["kind"] == "finding");
    let summary = summaries.into_iter().next().expect("an end");
    let output = String::from_utf8(output.stdout).expect("UTF-8");
    Found { language, text, output, findings, summary, report }
}

impl Found {
    /// The number of the line with a mark.
    pub fn line(&self, mark: &str) -> u64 {
        let line = self.text.lines().position(|line| line.ends_with(mark)).expect(mark);
        line as u64 + 1
    }

    /// The lines that the findings of a rule are blamed on, in order.
    pub fn blamed(&self, rule: &str) -> Vec<u64> {
        let of_rule = self.findings.iter().filter(|finding| finding["rule"] == rule);
        let mut lines: Vec<_> = of_rule.map(|finding| self.line_of(&finding["blame"])).collect();
        lines.sort_unstable();
        lines
    }

    /// The line of a frame, which must be in the program.
    pub fn line_of(&self, frame: &Value) -> u64 {
        let file = frame["file"].as_str().unwrap_or_else(|| panic!("{frame}: {}", self.report));
        let name = Path::new(file).file_name().and_then(|name| name.to_str());
        assert_eq!(name, Some(self.language.file), "{frame}");
        assert_eq!(frame["language"], self.language.name);
        frame["line"].as_u64().expect("a line")
    }

    /// How often it was seen what a rule found.
    pub fn seen(&self, rule: &str) -> u64 {
        let rules = self.summary["rules"].as_array().expect("rules");
        let rule = rules.iter().find(|one| one["rule"] == rule).expect("the rule");
        rule["occurrences"].as_u64().expect("a number")
    }
}
