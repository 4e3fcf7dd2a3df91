//! `epshim chaos`: runs a program with legal bad luck until something breaks, and shrinks that to the faults that
//! are enough.
//!
//! `program.rs` is what runs, `run.rs` its runs, `watch.rs` what goes on in one and `verdict.rs` what came of it;
//! `search.rs` draws seeds or sweeps, `shrink.rs` takes faults away, `report.rs` and `json.rs` say what was found,
//! `list.rs` what there is, `sites.rs` where. The faults are made by the preload library, and written down in a ledger that `ledger.rs`
//! maps.
//!
//! Surprising: unlike `check`, this command stays the program's parent.

mod child;
mod codes;
mod failure;
mod findings;
mod found;
mod json;
#[allow(unsafe_code)] // a mapping
mod ledger;
mod list;
mod place;
mod program;
mod progress;
mod ready;
mod report;
mod run;
mod search;
mod shrink;
#[allow(unsafe_code)] // signals that wait
mod signals;
mod sites;
mod terms;
mod total;
mod verdict;
mod watch;
mod written;

use crate::args::ChaosOptions;
use crate::launch::Failure;
use crate::output::{self, Output, shown};
use crate::scratch;
use codes::{BASELINE, BROKE, NO_FAULT, USAGE};
use epshim_observe::fault::{Level, Plan};
use failure::Broken;
use json::Lines;
use program::Program;
use run::Runner;
use std::path::Path;
use std::time::Duration;

pub use ready::Ready;

/// How long is shrunk, if nothing else is said.
const SHRINK: Duration = Duration::from_secs(120);

/// Answers: the exit code.
pub fn answer(options: &ChaosOptions) -> u8 {
    if options.list {
        let printed = Output::text(list::text(options.markdown), true).print();
        return printed.unwrap_or_else(|reason| complain(BROKE, &reason));
    }
    let plan = match options.replay.as_deref().map(read_plan).transpose() {
        Ok(plan) => plan,
        Err(reason) => return complain(USAGE, &reason),
    };
    let prepared = Program::prepare(options, plan.as_ref());
    let program = match prepared {
        Ok(program) => program,
        Err(Failure { code, reason }) => return complain(code, &reason),
    };
    let lines = match options.json.as_deref().map(Lines::create).transpose() {
        Ok(lines) => lines.unwrap_or_default(),
        Err(reason) => return complain(USAGE, &reason),
    };
    let done = scratch::with(|folder| {
        can_be_named(folder)?;
        let runner = Runner::new(program, folder, options);
        go(options, plan, runner, lines)
    });
    match done {
        Ok(Ok(code)) => code,
        Ok(Err(Failure { code, reason })) => complain(code, &reason),
        Err(reason) => complain(Failure::OWN, &reason),
    }
}

fn go(
    options: &ChaosOptions,
    plan: Option<Plan>,
    mut runner: Runner,
    mut lines: Lines,
) -> Result<u8, Failure> {
    let level = options.level.unwrap_or(Level::Polite);
    let search = search::Search::new(options, plan, level);
    report::say(&search.greeting());
    if let Err(reason) = runner.baseline()? {
        return Ok(complain(BASELINE, &reason));
    }
    if let Some(glob) = options.sites.as_deref().filter(|glob| !glob.is_empty()) {
        let chosen = sites::chosen(&runner.total, glob);
        if chosen.0.is_empty() {
            let reason = format!("no call site is `{glob}`\n{}", sites::listed(&runner.total));
            return Ok(complain(USAGE, &reason));
        }
        runner.choose(&chosen)?;
    }
    let found = if runner.has_sites() { search.go(&mut runner, &mut lines)? } else { None };
    lines.summary(&runner.total);
    let Some(found) = found else {
        report::say(&report::nothing(&search, &runner));
        if options.sites.is_some() {
            report::say(&sites::listed(&runner.total));
        }
        return Ok(if runner.total.faults() == 0 && !search.is_replay() { NO_FAULT } else { 0 });
    };
    if found.ran.faults == 0 {
        let what = found.ran.verdict.map_or_else(String::new, |verdict| verdict.to_string());
        let reason = format!(
            "{what} in a run in which no fault was made: the test fails by itself, now and then. First make it pass."
        );
        return Ok(complain(BASELINE, &reason));
    }
    let broken =
        Broken::of(&mut runner, search.level, found, options.shrink_time.unwrap_or(SHRINK))?;
    let file = broken.write(&runner, search.level).map_err(Failure::own)?;
    lines.failure(&broken, &file);
    report::say(&report::broken(&broken, &runner, options, &file));
    if options.sites.is_some() {
        report::say(&sites::listed(&runner.total));
    }
    Ok(BROKE)
}

/// The library is told the folder in a list of options, which ends a word at these.
fn can_be_named(folder: &Path) -> Result<(), Failure> {
    let name = folder.to_string_lossy();
    if name.contains([':', ' ', '\t', '\n']) {
        let reason = format!(
            "{}: a colon or a space cannot be in the name; TMPDIR says where",
            shown(folder)
        );
        return Err(Failure::own(reason));
    }
    Ok(())
}

fn read_plan(path: &Path) -> Result<Plan, String> {
    let bad = |reason: &str| format!("{}: {reason}", shown(path));
    let text = std::fs::read_to_string(path).map_err(|error| bad(&error.to_string()))?;
    Plan::parse(&text).map_err(|error| bad(&error.to_string()))
}

fn complain(code: u8, reason: &str) -> u8 {
    output::complain(reason);
    code
}
