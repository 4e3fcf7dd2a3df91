//! Findings, on their way out, and the end of the report: who may write, and when.
//!
//! One thread at a time has the reporter. Where another thread does not give it back, findings go out
//! through a new one.
//!
//! Surprising: that the checker failed is said by the thread that has the reporter, when it is done.
//! The line never stands in the middle of a report.

use crate::books::{counts, model};
use crate::output::line::say;
use crate::output::plan::Plan;
use crate::output::reporter::{Reporter, sandbox_of_the_program};
use crate::runtime::lock::Locked;
use crate::runtime::{failure, process, sandbox, shared_page, slot_life, watched};
use epshim_check::{Certainty, Finding, Options};
use epshim_report::{Descriptor, Seen, json};
use std::ffi::c_int;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

pub use crate::output::reporter::{exit_code, is_lost, is_over};

static PLAN: OnceLock<Plan> = OnceLock::new();
/// `None` before the start.
static REPORTER: Locked<Option<Reporter>> = Locked::new(None);
/// Where the report goes of a program that is in a sandbox; -1: to no descriptor.
static DESCRIPTOR: AtomicI32 = AtomicI32::new(-1);
/// What ended the checking, until a thread has said so.
static FAILURE: Locked<Option<&'static str>> = Locked::new(None);

/// Sleeps of [`Locked::with`]: 12 seconds. The symbolizer is given up after 10.
const PATIENCE: u32 = 120;

/// Before the checking starts.
pub fn start(options: &Options, collect: Option<&str>, no_color: bool) {
    let plan = Plan::new(options, collect, no_color);
    let reporter = Reporter::new(&plan);
    let _ = PLAN.set(plan);
    REPORTER.with(PATIENCE, |place| *place = Some(reporter));
}

/// Uses the reporter, or a new one where another thread does not give it back; and then says what
/// could not be said meanwhile.
fn with<R>(patience: u32, work: impl FnOnce(&Plan, &mut Reporter) -> R) -> Option<R> {
    let plan = PLAN.get()?;
    let mut work = Some(work);
    let mut work = |reporter: &mut Reporter| Some(work.take()?(plan, reporter));
    let result = match REPORTER.with(patience, |reporter| work(reporter.as_mut()?)) {
        Some(result) => result,
        None => work(&mut Reporter::new(plan)),
    };
    say_failure();
    result
}

/// Notes why the checker failed.
fn note_failure(why: &'static str) {
    FAILURE.with(PATIENCE, |failure| *failure = Some(why));
}

/// How the user is told that the checker failed, and is off.
pub const FAILED: failure::Report = failure::Report { note: note_failure, say: say_failure };

/// Says so, once, and not in the middle of a report. Does nothing while a thread has the reporter: that
/// thread calls this when it is done.
fn say_failure() {
    REPORTER.with(0, |_| {
        if let Some(why) = FAILURE.with(PATIENCE, Option::take).flatten() {
            say(format_args!("the checker failed, and is off: {why}"));
        }
    });
}

/// Reports a finding. Its descriptors were introduced when it was made.
pub fn write(finding: &Finding, descriptors: Vec<Descriptor>) {
    let halts = with(PATIENCE, |plan, reporter| {
        let is_shown = finding.certainty > Certainty::Note || plan.shows_notes;
        is_shown
            && watched::is_checking()
            && reporter.report(plan, finding, descriptors)
            && plan.halts
    });
    if halts == Some(true) {
        end(PATIENCE);
        slot_life::ended(is_over());
        process::halt(exit_code().unwrap_or(1));
    }
}

/// The end of the report, once.
pub fn finish(patience: u32) {
    end(patience);
}

/// The same where the checker has failed: without the model, which may be half changed.
pub fn finish_failed(patience: u32) {
    say_failure();
    with(patience, |plan, reporter| {
        let tally = std::mem::take(&mut reporter.reported);
        let seen = Seen { checker_failed: true, ..counts::seen() };
        reporter.end(plan, &tally, seen);
    });
}

fn end(patience: u32) {
    let seen = model::seen();
    with(patience, |plan, reporter| {
        model::with(|checker| reporter.end(plan, checker.tally(), seen));
    });
}

/// Writes the end of the program that ran in this process before.
pub fn write_before(before: slot_life::Before) {
    let slot_life::Before(end) = before;
    with(PATIENCE, |plan, _| {
        plan.put(end.pid, &end.text(plan.medium()), &json::summary(&end));
    });
}

/// The program is about to enter a sandbox: notes which descriptor the report goes to.
pub fn prepare_for_sandbox() {
    let number = PLAN.get().and_then(Plan::descriptor).unwrap_or(-1);
    DESCRIPTOR.store(number, Relaxed);
    watched::watch(number, true); // Its hooks are to say that the program writes there.
}

/// Whether the report goes to this descriptor of a program in a sandbox.
pub fn is_written_to(fd: c_int) -> bool {
    fd >= 0 && DESCRIPTOR.load(Relaxed) == fd
}

/// Another file is about to have this number.
pub fn closing(fd: c_int) {
    if is_written_to(fd) {
        DESCRIPTOR.store(-1, Relaxed);
        sandbox::wrote(0, 0);
    }
}

/// Writes down for the observer which sandbox the program is in.
pub fn note_sandbox() {
    shared_page::in_sandbox(sandbox_of_the_program().as_deref());
}

/// In a forked child: what was found so far, its parent reports.
pub fn forked() {
    crate::output::reporter::forked();
    FAILURE.renew(|| None);
    REPORTER.renew(|| None);
    REPORTER.with(0, |place| *place = PLAN.get().map(Reporter::new));
}
