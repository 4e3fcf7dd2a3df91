//! Compiled programs for `epshim layout --binary`: built from `bindings/`, and what is said of them.

#![allow(dead_code, reason = "each test program uses a part")]

use crate::command::{Answer, ask, epshim, json};
use epshim_harness::c_compiler::try_build;
use epshim_harness::products;
use epshim_harness::tools;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file of `bindings/`.
pub fn binding(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bindings").join(name)
}

/// The tool, if it is there.
pub fn tool(name: &str) -> Option<Command> {
    // Some of them know no --version: go, fpc.
    tools::are_there(&[name]).then(|| Command::new(name))
}

/// Has a compiler write a program into a folder. `command` lacks only `-o`.
pub fn build(command: &mut Command, folder: &Path, name: &str) -> PathBuf {
    let program = folder.join(name);
    try_build(command.current_dir(folder), &program).unwrap_or_else(|error| panic!("{error}"));
    program
}

/// Builds a file of `bindings/` with a C compiler.
pub fn c(compiler: &str, source: &str, flags: &[&str], folder: &Path, name: &str) -> PathBuf {
    build(Command::new(compiler).args(flags).arg(binding(source)), folder, name)
}

/// An empty folder of this test.
pub fn folder(name: &str) -> PathBuf {
    products::folder(&format!("binary-{name}"))
}

/// `epshim layout --binary FILE` with more options.
pub fn judge(file: &Path, more: &[&str]) -> Answer {
    ask(epshim(&["layout", "--binary"]).arg(file).args(more))
}

/// The answer about one file, as JSON, and the exit code.
pub fn facts(file: &Path, more: &[&str]) -> (Value, i32) {
    let answer = judge(file, &[&["--json"], more].concat());
    let value = json(&answer.out);
    (value["files"][0].clone(), answer.code)
}

/// Asserts that a program is right or wrong, and that the structure found is of this size.
#[track_caller]
pub fn is(file: &Path, right: bool, size: u64) {
    let (facts, code) = facts(file, &[]);
    assert_eq!((code, &facts["equal"]), (i32::from(!right), &Value::Bool(right)), "{facts:#}");
    let structures = facts["structures"].as_array().unwrap();
    let certain = structures.iter().filter(|one| one["certain"] == true);
    let sizes: Vec<_> = certain.map(|one| one["found"]["size"].as_u64().unwrap()).collect();
    assert!(sizes.contains(&size), "{size}: {facts:#}");
    if right {
        assert_eq!(facts["expected"]["size"], size, "{facts:#}");
    }
}

/// Asserts that there is no answer, and that the reason has these words.
#[track_caller]
pub fn is_refused(answer: &Answer, words: &str) {
    assert_eq!(answer.code, 2, "{words}: {answer:?}");
    assert!(answer.err.contains(words), "{words}: {answer:?}");
    assert!(!answer.out.contains("equal:"), "{answer:?}");
}

/// The size of C's structure on this machine, and of one that is wrong here.
pub fn sizes() -> (u64, u64) {
    let size = u64::from(epshim::layout::Layout::OURS.size);
    (size, 28 - size)
}

/// The flags that make `wrong.c` wrong on this machine.
pub fn spoiled() -> &'static [&'static str] {
    if sizes().0 == 16 { &["-g", "-DPACKED"] } else { &["-g"] }
}
