//! Builds C programs and runs them with and without the library.
//!
//! No test program is linked with the library, or with its crate: it would call the hooks itself.
#![allow(dead_code)] // each test program uses some of it

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// What the programs run under: without the library, with it and nothing asked for, checking.
pub const MODES: [Mode; 3] = [Mode::Plain, Mode::Transparent, Mode::Checking];

/// How a program is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Plain,
    Transparent,
    Checking,
}

/// The library, as the sources are now. Cargo builds no cdylib for the tests of its package, so that
/// they have it built, in the profile and for the target that they were built for.
pub fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let program = env::current_exe().expect("a program knows its path");
        let folder = program.ancestors().nth(2).expect("TARGET/PROFILE/deps/PROGRAM");
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["build", "--quiet", "--package", env!("CARGO_PKG_NAME"), "--lib"]);
        cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        let target = folder.parent().expect("TARGET/PROFILE");
        if Path::new(env!("CARGO_TARGET_TMPDIR")).parent() != Some(target) {
            cargo.arg("--target").arg(target.file_name().expect("TARGET/TRIPLE/PROFILE"));
        }
        run(&mut cargo);
        folder.join("libepshim_preload.so")
    })
}

/// Compiles files of this package into a program, under a name of its own among the products of
/// tests, and returns its path. Renamed into place: another test may be building the same one.
pub fn compile(sources: &[&str], program: &str, flags: &[&str]) -> PathBuf {
    let product = Path::new(env!("CARGO_TARGET_TMPDIR")).join(program);
    static BUILDS: AtomicU32 = AtomicU32::new(0);
    let build = (std::process::id(), BUILDS.fetch_add(1, Ordering::Relaxed));
    let unfinished = product.with_extension(format!("{}-{}", build.0, build.1));
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
    command.args(["-Werror", "-pthread"]);
    command.arg("-I").arg(folder.join("../../c_tests"));
    command.args(sources.iter().map(|source| folder.join(source)));
    command.args(flags).arg("-o").arg(&unfinished);
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
