//! The programs that are measured: built before the run, so that what is measured is what the tree
//! says. The C programs are compiled with the flags of the Makefile.

use crate::peer::Peer;
use epshim_harness::c_compiler::{WARNINGS, compiler, link_with_epshim, try_build};
use epshim_harness::{c_library, cargo, peers};
use std::env;
use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Has cargo build a package as this program was built. Where there is no cargo, what is there must
/// do: `file` is what is needed of it.
pub fn build(package: &str, file: &str) -> Result<PathBuf> {
    match cargo::build(package) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(format!("cargo: {error}").into()),
    }
    there(file)
}

/// A file that cargo puts beside this program.
fn there(file: &str) -> Result<PathBuf> {
    let file = cargo::folder().join(file);
    if file.is_file() { Ok(file) } else { Err(format!("{} is missing", file.display()).into()) }
}

/// `examples/echo`, the Rust server on `Reactor`.
pub fn rust_server() -> Result<PathBuf> {
    match cargo::example("epshim", "echo", &[]) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => there("examples/echo"),
        built => built.map_err(|error| format!("cargo: {error}").into()),
    }
}

/// The echo servers in C, by what they are built on.
#[derive(Clone, Copy)]
pub enum CServer {
    Libc,
    Epshim,
    Reactor,
}

/// One of them, compiled as it is in the tests and in the demo.
pub fn c_server(which: CServer) -> Result<PathBuf> {
    let folder = cargo::root().join("c_tests");
    let mut command = c();
    for include in [cargo::root().join("include"), folder.clone()] {
        command.arg("-I").arg(include);
    }
    command.args(c_files(&folder.join("echo_program"))?);
    match which {
        CServer::Reactor => command.arg(folder.join("echo_reactor.c")),
        _ => command.args(c_files(&folder.join("echo"))?),
    };
    match which {
        CServer::Libc => command.arg("-DEPSHIM_ORACLE"),
        _ => link_with_epshim(&mut command, &c_library::folder()),
    };
    let name = match which {
        CServer::Libc => "echo-c-libc",
        CServer::Epshim => "echo-c-epshim",
        CServer::Reactor => "echo-c-reactor",
    };
    compiled(name, |file| try_build(&mut command, file))
}

/// The hand-tuned loop with inlined system calls.
fn limit() -> Result<PathBuf> {
    let mut command = c();
    command.arg(cargo::root().join("crates/bench/servers/limit.c"));
    compiled("limit", |file| try_build(&mut command, file))
}

/// What times the hooks.
pub fn hooks() -> Result<PathBuf> {
    let mut command = c();
    command.arg(cargo::root().join("crates/bench/hooks.c")).args(["-lm", "-ldl"]);
    compiled("hooks", |file| try_build(&mut command, file))
}

/// A peer in C, which must not be missing.
pub fn c_peer(peer: Peer) -> Result<PathBuf> {
    if peer == Peer::Limit {
        return limit();
    }
    let name = peer.name();
    match peers::missing(&name) {
        Some(reason) => Err(reason.into()),
        None => compiled(&name, |file| peers::build(&name, &mut c(), file)),
    }
}

/// The C compiler with the flags that are given, or the Makefile's.
fn c() -> Command {
    let given = env::var("CFLAGS").unwrap_or_else(|_| "-O2 -g".to_owned());
    let mut command = compiler();
    command.args(given.split_whitespace()).arg("-std=c11").args(WARNINGS);
    command
}

/// A program that a compiler has written.
fn compiled(
    name: &str,
    compile: impl FnOnce(&Path) -> std::result::Result<(), String>,
) -> Result<PathBuf> {
    let folder = cargo::folder().join("bench-programs");
    fs::create_dir_all(&folder)?;
    let file = folder.join(name);
    compile(&file)?;
    Ok(file)
}

/// The C files of a folder, in the order of their names.
fn c_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let paths = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = paths.collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "c"));
    paths.sort();
    Ok(paths)
}
