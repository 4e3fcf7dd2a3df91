//! Builds C programs and runs them with and without the library.
//!
//! No test program is linked with the library, or with its crate: it would call the hooks itself.
#![allow(dead_code)] // each test program uses some of it

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What the programs run under: without the library, with it and nothing asked for, checking.
pub const MODES: [Mode; 3] = [Mode::Plain, Mode::Transparent, Mode::Checking];

/// How a program is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Plain,
    Transparent,
    Checking,
}

/// The library, which cargo puts beside the test programs.
pub fn library() -> PathBuf {
    let program = env::current_exe().expect("a program knows its path");
    let path = program.with_file_name("libepshim_preload.so");
    assert!(path.is_file(), "{} is missing: cargo builds it before the tests", path.display());
    path
}

/// Compiles files of this package into a program, under a name of its own among the products of
/// tests, and returns its path. Renamed into place: another test may be building the same one.
pub fn compile(sources: &[&str], program: &str, flags: &[&str]) -> PathBuf {
    let product = Path::new(env!("CARGO_TARGET_TMPDIR")).join(program);
    let unfinished = product.with_extension(std::process::id().to_string());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()));
    command.args([
        "-std=c11",
        "-O2",
        "-g",
        "-Wall",
        "-Wextra",
        "-Wpedantic",
        "-Wstrict-prototypes",
    ]);
    command.args(["-Werror", "-pthread"]).args(flags);
    command.arg("-I").arg(folder.join("../c_tests"));
    command.args(sources.iter().map(|source| folder.join(source)));
    command.arg("-o").arg(&unfinished);
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{errors}", output.status);
    std::fs::rename(&unfinished, &product).expect("the folder of the products is ours");
    product
}

/// A program in a mode, not yet run.
pub fn command(program: impl AsRef<Path>, mode: Mode) -> Command {
    let mut command = Command::new(program.as_ref());
    command.env_remove("LD_PRELOAD").env_remove("EPSHIM_OPTIONS");
    if mode != Mode::Plain {
        command.env("LD_PRELOAD", library());
    }
    if mode == Mode::Checking {
        command.env("EPSHIM_OPTIONS", "mode=check");
    }
    command
}

/// Runs a command that must succeed, and returns what it wrote.
pub fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}
