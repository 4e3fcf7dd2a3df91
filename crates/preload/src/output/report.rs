//! Findings, on their way out: call sites resolved, suppressions applied, text and JSON written; and
//! the end of the report.
//!
//! One thread at a time has the reporter. Where another thread does not give it back, findings go out
//! through a new one.
//!
//! Surprising: that the checker failed is said by the thread that has the reporter, when it is done.
//! The line never stands in the middle of a report.

use crate::books::{counts, model, stacks};
use crate::output::line::say;
use crate::output::plan::Plan;
use crate::output::{frames, symbolize};
use crate::runtime::lock::Locked;
use crate::runtime::{clock, process, watched};
use epshim_check::report::{End, Report, Seen, Stack, Suppressions, json, text};
use epshim_check::{Certainty, Finding, Options, Tally};
use std::sync::OnceLock;

/// What has been reported so far.
#[derive(Debug, Default)]
struct Reporter {
    suppressions: Suppressions,
    /// What was reported, each finding once. The model knows it better, as long as it can be asked.
    reported: Tally,
    /// Why call sites have no names. The symbolizer is not asked again then.
    not_symbolized: Option<String>,
    /// The end was written, and nothing comes after it.
    is_over: bool,
}

static PLAN: OnceLock<Plan> = OnceLock::new();
/// `None` before the start.
static REPORTER: Locked<Option<Reporter>> = Locked::new(None);
/// What ended the checking, until a thread has said so.
static FAILURE: Locked<Option<&'static str>> = Locked::new(None);

/// Sleeps of [`Locked::with`]: 12 seconds. The symbolizer is given up after 10.
const PATIENCE: u32 = 120;

/// Before the checking starts.
pub fn start(options: &Options, no_color: bool) {
    let plan = Plan::new(options, no_color);
    let reporter = Reporter::new(&plan);
    let _ = PLAN.set(plan);
    REPORTER.with(PATIENCE, |place| *place = Some(reporter));
}

/// Uses the reporter, or a new one where another thread does not give it back; and then says what
/// could not be said meanwhile.
fn with<R>(work: impl FnOnce(&Plan, &mut Reporter) -> R) -> Option<R> {
    let plan = PLAN.get()?;
    let mut work = Some(work);
    let mut work = |reporter: &mut Reporter| Some(work.take()?(plan, reporter));
    let result = match REPORTER.with(PATIENCE, |reporter| work(reporter.as_mut()?)) {
        Some(result) => result,
        None => work(&mut Reporter::new(plan)),
    };
    say_failure();
    result
}

/// The checker failed, and is off: says so, once, and not in the middle of a report.
pub fn failed(why: &'static str) {
    FAILURE.with(PATIENCE, |failure| *failure = Some(why));
    say_failure();
}

/// Does nothing while a thread has the reporter: that thread calls this when it is done.
fn say_failure() {
    REPORTER.with(0, |_| {
        if let Some(why) = FAILURE.with(PATIENCE, Option::take).flatten() {
            say(format_args!("the checker failed, and is off: {why}"));
        }
    });
}

/// Reports a finding.
pub fn write(finding: &Finding) {
    let halts = with(|plan, reporter| {
        let is_shown = finding.certainty > Certainty::Note || plan.shows_notes;
        is_shown
            && !reporter.is_over
            && watched::is_checking()
            && reporter.report(plan, finding)
            && plan.halts
    });
    if halts == Some(true) {
        process::halt(end().unwrap_or(1));
    }
}

/// The end of the report; and of the program with another exit code, where the options ask for one.
pub fn finish() {
    if let Some(exitcode) = end() {
        process::end(exitcode);
    }
}

/// The same where the checker has failed: without the model, which may be half changed.
pub fn finish_failed() {
    let exitcode = with(|plan, reporter| {
        let tally = std::mem::take(&mut reporter.reported);
        let seen = Seen { checker_failed: true, ..counts::seen() };
        reporter.end(plan, &tally, seen)
    });
    if let Some(exitcode) = exitcode.flatten() {
        process::end(exitcode);
    }
}

/// Returns the exit code that the program is to have, if not its own.
fn end() -> Option<u8> {
    let seen = model::seen();
    if process::is_forked() && seen.waits == 0 {
        // A child that has no loop: its parent says what there is to say.
        return None;
    }
    with(|plan, reporter| model::with(|checker| reporter.end(plan, checker.tally(), seen)))
        .flatten()
        .flatten()
}

impl Reporter {
    fn new(plan: &Plan) -> Self {
        let cannot_ask = plan.wants_names && plan.symbolizer.is_none();
        Self {
            suppressions: plan.suppressions.clone(),
            not_symbolized: cannot_ask.then(|| "no symbolizer was named".to_owned()),
            ..Self::default()
        }
    }

    /// Returns whether it was reported, and not suppressed.
    fn report(&mut self, plan: &Plan, finding: &Finding) -> bool {
        self.reported.count(finding.clone());
        let mut stacks: Vec<Stack> = Vec::new();
        for &(role, site) in &finding.sites {
            stacks.push(Stack { role, frames: frames::locate(&stacks::of(site)) });
        }
        self.symbolize(plan, &mut stacks);
        let pid = process::id().unsigned_abs();
        let mut report =
            Report { pid, time: clock::since_1970(), finding: finding.clone(), stacks };
        if self.suppressions.suppress(&report) {
            return false;
        }
        report.stacks.iter_mut().for_each(|stack| stack.shorten(plan.functions));
        plan.put(pid, &text::finding(&report, plan.colour()), &json::finding(&report));
        true
    }

    fn symbolize(&mut self, plan: &Plan, stacks: &mut [Stack]) {
        let Some(command) = plan.symbolizer.as_ref().filter(|_| self.not_symbolized.is_none())
        else {
            return;
        };
        let mut all: Vec<_> = stacks.iter().flat_map(|stack| stack.frames.clone()).collect();
        self.not_symbolized = symbolize::symbolize(command, &mut all).err();
        let mut all = all.into_iter();
        for frame in stacks.iter_mut().flat_map(|stack| &mut stack.frames) {
            *frame = all.next().unwrap_or_else(|| frame.clone());
        }
    }

    /// Writes the end, once. Returns the exit code that the options ask for.
    fn end(&mut self, plan: &Plan, tally: &Tally, seen: Seen) -> Option<u8> {
        if std::mem::replace(&mut self.is_over, true) {
            return None;
        }
        let pid = process::id().unsigned_abs();
        let seen = Seen { not_symbolized: self.not_symbolized.clone(), ..seen };
        let time = clock::since_1970();
        let end = End::new(pid, time, tally, &self.suppressions, plan.shows_notes, seen);
        plan.put(pid, &end.text(plan.colour()), &json::summary(&end));
        (end.findings() > 0 && plan.exitcode != 0).then_some(plan.exitcode)
    }
}

/// In a forked child: what was found so far, its parent reports.
pub fn forked() {
    FAILURE.renew(|| None);
    REPORTER.renew(|| None);
    REPORTER.with(0, |place| *place = PLAN.get().map(Reporter::new));
}
