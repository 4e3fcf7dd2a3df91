//! The programs that are measured: built before the run, so that what is measured is what the tree
//! says. The C programs are compiled with the flags of the Makefile.

use crate::serve::Peer;
use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio, id};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const WARNINGS: [&str; 5] = ["-Wall", "-Wextra", "-Wpedantic", "-Wstrict-prototypes", "-Werror"];

/// A program, or why it is not there.
pub enum Program {
    There(PathBuf),
    Missing(String),
}

impl Program {
    /// The program, or the reason as an error.
    pub fn there(self) -> Result<PathBuf> {
        match self {
            Self::There(file) => Ok(file),
            Self::Missing(reason) => Err(reason.into()),
        }
    }
}

/// The repository: these programs are built from its sources, so that this one is no use elsewhere.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("crates/bench lies in the repository")
}

/// Where cargo put this program, and puts the library and the Rust server.
fn folder() -> Result<PathBuf> {
    Ok(env::current_exe()?.parent().expect("a file has a folder").to_owned())
}

/// Builds the library and the Rust server as this program was built. Where there is no cargo, what
/// is there must do.
pub fn build() -> Result<()> {
    let folder = folder()?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", "epshim", "--manifest-path"]);
    command.arg(root().join("Cargo.toml"));
    command.arg("--target-dir").arg(folder.parent().expect("the target folder"));
    match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => {}
        Some(profile) => {
            command.args(["--profile", profile]);
        }
    }
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("cargo build: {status}").into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => rust_server().map(drop),
        Err(error) => Err(format!("cargo: {error}").into()),
    }
}

/// `epshim-echo`.
pub fn rust_server() -> Result<PathBuf> {
    let file = folder()?.join("epshim-echo");
    if file.is_file() { Ok(file) } else { Err(format!("{} is missing", file.display()).into()) }
}

/// The C echo server, on epshim or on libc.
pub fn c_server(on_epshim: bool) -> Result<PathBuf> {
    let mut sources = files(&root().join("c_tests/echo"), "c")?;
    sources.sort();
    let mut flags: Vec<OsString> = Vec::new();
    for include in ["include", "c_tests"] {
        flags.push("-I".into());
        flags.push(root().join(include).into());
    }
    if !on_epshim {
        flags.push("-DEPSHIM_ORACLE".into());
        return compile("echo-c-libc", &sources, &flags, &[]);
    }
    let folder = folder()?;
    let mut path: OsString = "-Wl,-rpath,".into();
    path.push(&folder);
    let libraries = ["-L".into(), folder.into(), "-lepshim".into(), path];
    compile("echo-c-epshim", &sources, &flags, &libraries)
}

/// A peer in C; missing where its headers are not installed.
pub fn c_peer(peer: Peer) -> Result<Program> {
    let (header, package) = match peer {
        Peer::Libuv => ("uv.h", "libuv1-dev"),
        Peer::Libevent => ("event2/event.h", "libevent-dev"),
        Peer::Libev => ("ev.h", "libev-dev"),
        _ => return Err("not a C program".into()),
    };
    let mut look = Command::new(compiler());
    look.args(["-E", "-x", "c", "-include", header, "/dev/null"]);
    if !look.stdout(Stdio::null()).stderr(Stdio::null()).status()?.success() {
        return Ok(Program::Missing(format!("no <{header}>: install Debian's {package}")));
    }
    let name = peer.name();
    let servers = root().join("crates/bench/servers");
    let library = OsString::from(format!("-l{}", name.trim_start_matches("lib")));
    let source = servers.join(format!("{name}.c"));
    Ok(Program::There(compile(&name, &[source], &["-I".into(), servers.into()], &[library])?))
}

fn compiler() -> OsString {
    env::var_os("CC").unwrap_or_else(|| "cc".into())
}

/// Compiles, under a name of its own first: several of this program may run at once.
fn compile(
    name: &str,
    sources: &[PathBuf],
    flags: &[OsString],
    libraries: &[OsString],
) -> Result<PathBuf> {
    let folder = folder()?.join("bench-programs");
    fs::create_dir_all(&folder)?;
    let (program, temporary) = (folder.join(name), folder.join(format!("{name}.{}", id())));
    let given = env::var("CFLAGS").unwrap_or_else(|_| "-O2 -g".to_owned());
    let mut command = Command::new(compiler());
    command.args(given.split_whitespace()).arg("-std=c11").args(WARNINGS);
    command.args(flags).args(sources).arg("-o").arg(&temporary).args(libraries);
    let output = command.output()?;
    if !output.status.success() {
        return Err(format!("{command:?}:\n{}", String::from_utf8_lossy(&output.stderr)).into());
    }
    fs::rename(temporary, &program)?;
    Ok(program)
}

fn files(folder: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let paths = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let paths = paths.collect::<io::Result<Vec<_>>>()?;
    Ok(paths.into_iter().filter(|p| p.extension().is_some_and(|e| e == extension)).collect())
}
