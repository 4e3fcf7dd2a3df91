//! The `epshim` command as cargo has built it for these tests, and what it answers.
//!
//! It runs without colour, and without what the environment asks for. With [`watching`], the
//! preload library is there too, which cargo does not build for the tests of another package.

#![allow(dead_code, reason = "each test program uses a part")]

use epshim_harness::preload;
use serde_json::Value;
use std::env;
use std::process::{Command, Output};

/// The command with these arguments.
pub fn epshim(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_epshim"));
    command.args(arguments);
    for name in SETTINGS {
        command.env_remove(name);
    }
    command
}

const SETTINGS: [&str; 8] = [
    "CC",
    "CLANG_PATH",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "EPSHIM_OPTIONS",
    "EPSHIM_PRELOAD",
    "LD_PRELOAD",
    "NO_COLOR",
];

/// [`epshim`], with the preload library built.
pub fn watching(arguments: &[&str]) -> Command {
    preload::library();
    epshim(arguments)
}

/// Takes away what cargo sets for this test, which is not that of a project under test.
pub fn outside_of_cargo(command: &mut Command) -> &mut Command {
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_") && name != "CARGO_HOME" {
            command.env_remove(name);
        }
    }
    command
}

/// What an answer of the command was.
#[derive(Debug)]
pub struct Answer {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().expect("it ends by itself"),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

/// Runs `epshim` with these arguments.
pub fn answer(arguments: &[&str]) -> Answer {
    ask(&mut epshim(arguments))
}

/// Runs a command of [`epshim`].
pub fn ask(command: &mut Command) -> Answer {
    command.output().expect("epshim runs").into()
}

/// The output of a successful answer.
pub fn output(arguments: &[&str]) -> String {
    let answer = answer(arguments);
    assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{arguments:?}");
    answer.out
}

/// The text that `--emit` writes.
pub fn emitted(language: &str, target: &str) -> String {
    output(&["layout", "--emit", language, "--target", target])
}

/// The Rust target of this machine; a name of the host's row.
pub fn host() -> String {
    let text = ask(&mut epshim(&["layout", "--json"])).out;
    json(&text)["rust_target"].as_str().expect("a name").to_owned()
}

/// Reads the answer to `--json`.
pub fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The keys of an object, in the order of the alphabet.
pub fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// Whether a tool that tests can do without answers; says so where it does not.
pub fn is_here(tool: &str, arguments: &[&str]) -> bool {
    let found = Command::new(tool).args(arguments).output();
    let found = found.is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("skipped: no {tool}; emit_every_target.rs reads the text");
    }
    found
}

/// The kinds of descriptors that `introductions.c` opens.
pub const INTRODUCED: [&str; 12] = [
    "listener",
    "accepted",
    "connected",
    "udp",
    "unix",
    "pair",
    "pipe",
    "lone-pipe",
    "fifo",
    "eventfd",
    "timerfd",
    "epoll",
];
