//! Programs of Python under `epshim check`, with each CPython that is here: the findings have the program's own
//! lines.

#[path = "../command/mod.rs"]
mod command;
mod findings;
#[allow(dead_code)] // what only other languages' tests ask
#[path = "../found/mod.rs"]
mod found;
mod lines;
mod load;
mod loops;

use epshim_harness::pythons::{Python, pythons};
use found::{Found, Language, QUICK};
use std::process::Command;

const PYTHON: Language = Language { name: "Python", file: "app.py" };

/// The Pythons whose lines can be had.
fn known() -> impl Iterator<Item = Python> {
    pythons().into_iter().filter(Python::is_known)
}

/// Runs a program under the checker, with these settings.
fn check(python: &Python, name: &str, text: &'static str, settings: &str) -> Found {
    check_with(python, name, text, settings, |_| {})
}

/// The same, with a command that is prepared further.
fn check_with(
    python: &Python,
    name: &str,
    text: &'static str,
    settings: &str,
    prepare: impl FnOnce(&mut Command),
) -> Found {
    found::check(PYTHON, (&python.path, &[]), (name, text), settings, prepare)
}
