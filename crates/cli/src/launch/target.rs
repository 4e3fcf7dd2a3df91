//! The program that is to run: found as execvp(3) finds it, followed through `#!` lines to the ELF file
//! that the kernel will load, and refused where the dynamic loader would leave out a preloaded library
//! without a word.
//!
//! It executes nothing. What is executed is the path that execvp(3) would take, a script too; what is
//! examined is the file at the end of the `#!` lines.

use super::elf::{self, Elf};
use super::failure::Failure;
use crate::input;
use crate::output::shown;
use rustix::fs::{Access, access, getxattr_query};
use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// A program that a library can be loaded into.
pub struct Target {
    /// What to execute.
    pub path: PathBuf,
    /// The ELF file that then runs: the same, or what interprets a script.
    pub runs: PathBuf,
    /// What loads it: ld.so.
    pub interpreter: PathBuf,
    /// What the ELF file says.
    pub elf: Elf,
}

/// The kernel follows this many `#!` lines (`exec_binprm` in fs/exec.c).
const INTERPRETERS: usize = 5;

/// Finds a command, and asks nothing of it: what is to be executed.
pub fn any(name: &OsStr) -> Result<PathBuf, Failure> {
    resolve(name)
}

/// Finds a command and examines it. Whether a library fits it is not asked here.
pub fn find(name: &OsStr) -> Result<Target, Failure> {
    let path = resolve(name)?;
    let mut runs = path.clone();
    for _ in 0..=INTERPRETERS {
        let failed = |error: io::Error| {
            let runs = shown(&runs);
            Failure::own(format!("cannot read {runs} to see whether it can be watched: {error}"))
        };
        if let Some(line) = Line::of(&runs).map_err(failed)? {
            runs = line.resolve()?;
            continue;
        }
        let Some(elf) = elf::read(&runs).map_err(failed)? else {
            return Err(Failure::cannot_invoke(format!(
                "cannot run {}: it is no ELF file and has no #! line. Start it with what interprets it, as in \
                 `sh {0}`.",
                shown(&runs)
            )));
        };
        let interpreter = examine(&runs, &elf)?;
        return Ok(Target { path, runs, interpreter, elf });
    }
    Err(Failure::cannot_invoke(format!("cannot run {}: too many #! lines", shown(&path))))
}

/// execvp(3): a name with a slash is a path, any other is looked for in `PATH`; a file that may not be
/// executed is passed over, and is the reason if nothing better comes.
fn resolve(name: &OsStr) -> Result<PathBuf, Failure> {
    let missing =
        |reason: &str| Failure::not_found(format!("cannot run {}: {reason}", shown(name)));
    if name.as_bytes().contains(&b'/') {
        let path = PathBuf::from(name);
        return match executable(&path) {
            Ok(()) => Ok(path),
            Err(error) if is_missing(&error) => Err(missing(&error.to_string())),
            Err(error) => {
                Err(Failure::cannot_invoke(format!("cannot run {}: {error}", shown(&path))))
            }
        };
    }
    if name.is_empty() {
        return Err(missing("no name of a command"));
    }
    let folders = env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
    let mut forbidden = None;
    for folder in env::split_paths(&folders) {
        // An empty folder is the current one; without "./" exec would be given a bare name.
        let path = if folder.as_os_str().is_empty() { Path::new(".") } else { &folder }.join(name);
        match executable(&path) {
            Ok(()) => return Ok(path),
            Err(error) if is_missing(&error) => {}
            Err(error) => forbidden = forbidden.or(Some((path, error))),
        }
    }
    Err(match forbidden {
        Some((path, error)) => {
            Failure::cannot_invoke(format!("cannot run {}: {error}", shown(&path)))
        }
        None => missing("no such command in PATH"),
    })
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn executable(path: &Path) -> io::Result<()> {
    let kind = path.metadata()?;
    if kind.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    // execve(2), EACCES. It is also not to be opened: a FIFO waits for who writes to it.
    if !kind.is_file() {
        return Err(io::Error::other("it is no regular file: permission denied"));
    }
    Ok(access(path, Access::EXEC_OK)?)
}

/// A script's first line.
struct Line {
    interpreter: OsString,
    /// Of `/usr/bin/env PROGRAM`, what is probably PROGRAM: env replaces itself with it.
    through_env: Option<OsString>,
}

impl Line {
    /// Nothing if the file does not begin with `#!` and a name.
    fn of(path: &Path) -> io::Result<Option<Self>> {
        let mut start = Vec::new();
        // BINPRM_BUF_SIZE in include/uapi/linux/binfmts.h.
        input::regular(path)?.take(256).read_to_end(&mut start)?;
        let Some(line) = start.strip_prefix(b"#!") else { return Ok(None) };
        let line = line.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let words = line.split(|byte| matches!(byte, b' ' | b'\t'));
        let mut words = words.filter(|word| !word.is_empty());
        let Some(first) = words.next() else { return Ok(None) };
        let interpreter = OsString::from_vec(first.to_vec());
        let is_env = Path::new(&interpreter).file_name() == Some(OsStr::new("env"));
        let is_program = |word: &&[u8]| !word.starts_with(b"-") && !word.contains(&b'=');
        let through_env = words.find(is_program).filter(|_| is_env);
        let through_env = through_env.map(|word| OsString::from_vec(word.to_vec()));
        Ok(Some(Self { interpreter, through_env }))
    }

    /// The file that runs. If env would not find its program, it is env: it runs, and says so.
    fn resolve(&self) -> Result<PathBuf, Failure> {
        let program = self.through_env.as_ref().and_then(|name| resolve(name).ok());
        program.map_or_else(|| resolve(&self.interpreter), Ok)
    }
}

/// It cannot be watched.
pub fn refuse<T>(path: &Path, reason: impl fmt::Display) -> Result<T, Failure> {
    Err(Failure::own(format!("cannot watch {}: {reason}", shown(path))))
}

/// Refuses a program that would run without any library. Returns what loads it.
fn examine(path: &Path, elf: &Elf) -> Result<PathBuf, Failure> {
    if elf.is_go {
        return refuse(
            path,
            "it is a Go program, and Go makes its system calls itself: a preloaded library sees none of them. \
             `epshim check --engine bpf -- CMD` (as root) needs no library in it, nor do `epshim check --pid PID` and \
             `epshim inspect PID` where it runs already.",
        );
    }
    let Some(interpreter) = &elf.interpreter else {
        return refuse(
            path,
            "it is linked statically, and loads no library. `epshim check --engine bpf -- CMD` (as root) needs none; or link \
             it dynamically (without -static; in Rust for a target with glibc, or with -C target-feature=-crt-static). \
             Where it runs already, ask `epshim check --pid PID` or `epshim inspect PID`.",
        );
    };
    if let Some(privilege) = privilege(path) {
        return refuse(
            path,
            format_args!(
                "it {privilege}, and ld.so(8) then ignores LD_PRELOAD. Run a copy without that, as the user that it \
             becomes; put epshim behind it if it starts other programs, as in `sudo epshim check ./server`."
            ),
        );
    }
    Ok(interpreter.clone())
}

/// What makes ld.so(8) run a program in secure-execution mode, if anything does.
fn privilege(path: &Path) -> Option<&'static str> {
    let mode = path.metadata().ok()?.permissions().mode();
    // Without the group's x, the bit asks for mandatory locking: inode(7).
    let (setuid, setgid) = (mode & 0o4000 != 0, mode & 0o2010 == 0o2010);
    let has_capabilities = getxattr_query(path, "security.capability").is_ok_and(|size| size > 0);
    match (setuid, setgid, has_capabilities) {
        (true, ..) => Some("is setuid"),
        (_, true, _) => Some("is setgid"),
        (.., true) => Some("has file capabilities"),
        _ => None,
    }
}
