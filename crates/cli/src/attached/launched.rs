//! `epshim check --engine bpf -- CMD`: a program that is started, watched from outside. It may be static, Go or setuid: nothing
//! is loaded into it.
//!
//! This process becomes the program, as with the library. Before that it makes the watcher, a process beside it that is no
//! child to wait(2) (`observer`), and waits until that has attached: so nothing of the program is missed, and its exit
//! status, signals and terminal are its own. The watcher ends with the program, after the report.
//!
//! Surprising: the report comes a few milliseconds after the program has ended. Who waits for the program may be sooner.

use super::engine::{meant, refused};
use super::reports::Reports;
use super::tape::Tape;
use crate::args::CheckOptions;
use crate::launch::{self, Failure, Printed};
use crate::observer;
use crate::output::shown;
use epshim_check::Options;
use epshim_report::place::Place;
use epshim_trace::{Asked, Engine};
use rustix::pipe::{PipeFlags, pipe_with};
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsRawFd as _;

/// Starts it. It returns where that fails.
pub fn check(asked: &CheckOptions) -> Result<Printed, Failure> {
    refuse(asked)?;
    let name = asked.launch.command.first().expect("clap requires a command");
    let path = launch::path_of(name)?;
    let (wanted, held, documents) = launch::report_of(asked)?;
    if wanted.exitcode != 0 {
        return Err(Failure::own(
            "--error-exitcode: with --engine bpf the program's exit code is its own; ask --json FILE what was found",
        ));
    }
    let tape = Tape::of(asked)?;
    let follows = wanted.trace_children || asked.launch.trace_children == Some(true);
    let pid = std::process::id() as i32;
    let asked_of_it = meant(vec![pid], follows, &wanted, tape.is_some());
    let reports = Reports::begin(&wanted, held, documents, tape).map_err(Failure::own)?;
    let failed = |error: io::Error| Failure::own(format!("the watcher: {error}"));
    let pipe = || pipe_with(PipeFlags::CLOEXEC).map_err(|error| failed(error.into()));
    let (mut says, told) = pipe().map(|(read, write)| (File::from(read), File::from(write)))?;
    let (given_up, mut gives_up) =
        pipe().map(|(read, write)| (File::from(read), File::from(write)))?;
    observer::clone(|| watch(asked_of_it, reports, told, given_up)).map_err(failed)?;
    let mut why = String::new();
    says.read_to_string(&mut why).map_err(failed)?;
    match why.strip_suffix(ATTACHED) {
        Some("") => {}
        Some(_) | None if why.is_empty() => return Err(Failure::own("the watcher has ended")),
        _ => return Err(Failure::own(why)),
    }
    if !asked.quiet {
        greet(name, &wanted);
    }
    let failure = launch::become_program(&path, &asked.launch.command);
    // The watcher has nothing to report. Nothing can be done where that fails.
    let _ = gives_up.write_all(ATTACHED.as_bytes());
    failure
}

/// What the watcher says when it has attached; else it says why not.
const ATTACHED: &str = "\n";

fn refuse(asked: &CheckOptions) -> Result<(), Failure> {
    let has_no_meaning = [
        (asked.launch.print_env, "--print-env: there is nothing to set for --engine bpf"),
        (
            asked.children,
            "--children goes with --pid: what a program that is started starts is --trace-children",
        ),
        (asked.halt_on_error, "--halt-on-error: --engine bpf looks on, and ends no program"),
        (
            asked.time.is_some(),
            "--for says how long to watch what --pid names: a program is watched to its end",
        ),
    ];
    match has_no_meaning.into_iter().find(|&(is_asked, _)| is_asked) {
        Some((_, why)) => Err(Failure::own(why)),
        None => Ok(()),
    }
}

/// The watcher: it never returns to what made it.
fn watch(asked: Asked, mut reports: Reports, mut told: File, mut given_up: File) {
    let pipes = [told.as_raw_fd(), given_up.as_raw_fd()];
    observer::leave(reports.numbers().into_iter().chain(pipes).collect());
    let program = asked.pids[0];
    let mut engine = match Engine::attach(asked) {
        Ok(engine) => engine,
        Err(why) => {
            let _ = told.write_all(refused(why).reason.as_bytes());
            return;
        }
    };
    if told.write_all(ATTACHED.as_bytes()).is_err() {
        return;
    }
    drop(told);
    while engine.runs(program) {
        reports.pass(&mut engine);
    }
    // At the exec the other end was closed.
    if !matches!(given_up.read(&mut [0]), Ok(0)) {
        return;
    }
    reports.end(engine);
}

fn greet(name: &std::ffi::OsStr, wanted: &Options) {
    let pid = std::process::id();
    let place = |path: &Option<String>| path.as_ref().map(|path| Place::of(path).name(pid));
    let report = place(&wanted.log_path).unwrap_or_else(|| "standard error".to_owned());
    let json = place(&wanted.json).map(|path| format!(", as JSON to {path}")).unwrap_or_default();
    let what = format!(
        "watches {} from outside; the report goes to {report}{json}, when it has ended. Meanwhile every system call of \
         every process of this machine takes about 82 ns longer",
        name.to_string_lossy()
    );
    let line = format!("=={pid}== epshim {}: {}\n", env!("CARGO_PKG_VERSION"), shown(&what));
    let _ = io::stderr().write_all(line.as_bytes());
}
