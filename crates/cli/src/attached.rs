//! `epshim check --pid`: the rules on processes that run already. The engine is `epshim_trace`; here is what is around
//! it: who is meant, when it ends, and where its findings go. `launched.rs` has it on a program that is started.
//!
//! It ends with Ctrl-C, with the time that was given, or with the last of the processes, and each time with the report.
//! However it ends, the kernel detaches what was attached.

mod engine;
mod introduced;
mod launched;
mod names;
mod reports;
mod tape;

use crate::args::CheckOptions;
use crate::inspect::targets;
use crate::interrupts::Interrupts;
use crate::launch::{self, Failure};
use crate::output::shown;
use engine::{meant, refused};
use epshim_check::Options;
use epshim_report::place::Place;
use epshim_trace::Engine;
pub use launched::check as check_command;
use reports::Reports;
use std::fs;
use std::io::{self, Write as _};
use std::time::{Duration, Instant};
use tape::Tape;

/// What watching costs the others.
pub const COST: &str =
    "meanwhile every system call of every process of this machine takes about 82 ns longer";

/// The processes of a pass are few; more are a mistake in a name.
const MOST: usize = 256;

/// Watches them: the exit code.
pub fn check(asked: &CheckOptions) -> Result<u8, Failure> {
    let pids = targets::find(&asked.pid).map_err(Failure::own)?;
    if pids.len() > MOST {
        let count = pids.len();
        return Err(Failure::own(format!(
            "{count} processes are meant; at most {MOST} are watched"
        )));
    }
    let (wanted, held, documents) = launch::report_of(asked)?;
    let interrupts = Interrupts::begin().map_err(|error| Failure::own(error.to_string()))?;
    let tape = Tape::of(asked)?;
    let mut engine = Engine::attach(meant(pids.clone(), asked.children, &wanted, tape.is_some()))
        .map_err(refused)?;
    if !asked.quiet {
        greet(&pids, &wanted, asked.time);
    }
    let mut reports = Reports::begin(&wanted, held, documents, tape).map_err(Failure::own)?;
    let begun = Instant::now();
    let is_time_left = || asked.time.is_none_or(|time| begun.elapsed() < time);
    while !interrupts.has_come() && is_time_left() && !engine.is_over() {
        reports.pass(&mut engine);
    }
    reports.end(engine);
    let code = if asked.error_exitcode.is_some() { wanted.exitcode } else { 1 };
    Ok(if reports.has_findings() { code } else { 0 })
}

/// The first line: who is watched, where the report goes, and what it costs the others.
fn greet(pids: &[i32], wanted: &Options, time: Option<Duration>) {
    let own = std::process::id();
    let name = |pid: &i32| {
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        format!("{} ({pid})", name.trim_end())
    };
    let who = pids.iter().map(name).collect::<Vec<_>>().join(", ");
    let place = |path: &Option<String>| path.as_ref().map(|path| Place::of(path).name(own));
    let report = place(&wanted.log_path).unwrap_or_else(|| "standard error".to_owned());
    let json = place(&wanted.json).map(|path| format!(", as JSON to {path}")).unwrap_or_default();
    let until = match time {
        Some(time) => format!("for {} s or until Ctrl-C", time.as_secs_f64()),
        None => "until Ctrl-C".to_owned(),
    };
    let what =
        format!("watches {who} from outside, {until}; the report goes to {report}{json}. {COST}");
    let line = format!("epshim {}: {}\n", env!("CARGO_PKG_VERSION"), shown(&what));
    // Nothing can be done about a closed one.
    let _ = io::stderr().write_all(line.as_bytes());
}
