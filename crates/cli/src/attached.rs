//! `epshim check --pid`: the rules on processes that run already. The engine is `epshim_trace`; here is what is around
//! it: who is meant, when it ends, and where its findings go. `launched.rs` has it on a program that is started.
//!
//! It ends with Ctrl-C, with the time that was given, or with the last of the processes, and each time with the report.
//! However it ends, the kernel detaches what was attached.

mod engine;
mod greeting;
mod introduced;
mod launched;
mod names;
mod reports;
mod tape;

use crate::args::CheckOptions;
use crate::inspect::targets;
use crate::interrupts::Interrupts;
use crate::launch::{self, Failure};
use engine::{meant, refused};
use epshim_trace::Engine;
pub use greeting::{COST, until};
use greeting::{greet, named};
pub use launched::check as check_command;
use reports::Reports;
use std::time::Instant;
use tape::Tape;

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
        let who = format!("{} from outside, {}", named(&pids), until(asked.time));
        greet("", &who, "", &wanted);
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
