//! `epshim check --engine bpf -- CMD`: a program that is started, watched from outside. It may be static, Go or setuid: nothing
//! is loaded into it.
//!
//! This process becomes the program, as with the library. Before that it makes the watcher, a process beside it that is no
//! child to wait(2) (`observer`), and waits until that has attached: so nothing of the program is missed, and its exit
//! status, signals and terminal are its own. The watcher ends with the program, after the report.
//!
//! Surprising: the report comes a few milliseconds after the program has ended. Who waits for the program may be sooner.

use super::engine::{meant, refused};
use super::greeting::greet;
use super::reports::Reports;
use super::tape::Tape;
use crate::args::CheckOptions;
use crate::launch::{self, Failure, Printed};
use crate::observer;
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
        let pid = std::process::id();
        greet(
            &format!("=={pid}== "),
            &format!("{} from outside", name.to_string_lossy()),
            ", when it has ended",
            &wanted,
        );
    }
    let failure = launch::become_program(&path, &asked.launch.command);
    // The watcher has nothing to report. Nothing can be done where that fails.
    let _ = gives_up.write_all(ATTACHED.as_bytes());
    failure
}

/// What the watcher says when it has attached; else it says why not.
const ATTACHED: &str = "\n";

fn refuse(asked: &CheckOptions) -> Result<(), Failure> {
    if asked.launch.print_env {
        return Err(Failure::own("--print-env: there is nothing to set for --engine bpf"));
    }
    if asked.halt_on_error {
        return Err(Failure::own("--halt-on-error: --engine bpf looks on, and ends no program"));
    }
    launch::goes_without_pid(asked)
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
