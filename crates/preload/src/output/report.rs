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
use crate::runtime::{clock, failure, process, watched};
use epshim_check::report::{End, Report, Seen, Stack, Suppressions, json, text};
use epshim_check::{Certainty, Finding, Options, Tally};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::Relaxed};

/// What has been reported so far.
#[derive(Debug, Default)]
struct Reporter {
    suppressions: Suppressions,
    /// What was reported, each finding once. The model knows it better, as long as it can be asked.
    reported: Tally,
    /// The last lines of what was reported, each once.
    summaries: Vec<String>,
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

/// The end was written.
static IS_OVER: AtomicBool = AtomicBool::new(false);
/// Something was found, and this exit code asked for; 0: no other than the program's own. Read without
/// the reporter, which a thread that ends the program may not get.
static EXIT_CODE: AtomicU8 = AtomicU8::new(0);

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

/// Reports a finding.
pub fn write(finding: &Finding) {
    let halts = with(PATIENCE, |plan, reporter| {
        let is_shown = finding.certainty > Certainty::Note || plan.shows_notes;
        is_shown
            && !reporter.is_over
            && watched::is_checking()
            && reporter.report(plan, finding)
            && plan.halts
    });
    if halts == Some(true) {
        end(PATIENCE);
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

/// Whether the end was written.
pub fn is_over() -> bool {
    IS_OVER.load(Relaxed)
}

/// The exit code that the program is to have, if not its own.
pub fn exit_code() -> Option<u8> {
    Some(EXIT_CODE.load(Relaxed)).filter(|&code| code != 0)
}

fn end(patience: u32) {
    let seen = model::seen();
    with(patience, |plan, reporter| {
        model::with(|checker| reporter.end(plan, checker.tally(), seen));
    });
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
        EXIT_CODE.store(plan.exitcode, Relaxed);
        let summary = text::summary(&report);
        if !self.summaries.contains(&summary) {
            self.summaries.push(summary);
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

    /// Writes the end, once.
    fn end(&mut self, plan: &Plan, tally: &Tally, seen: Seen) {
        if self.is_over {
            return;
        }
        let pid = process::id().unsigned_abs();
        let seen = Seen { not_symbolized: self.not_symbolized.clone(), ..seen };
        let time = clock::since_1970();
        let mut end = End::new(pid, time, tally, &self.suppressions, plan.shows_notes, seen);
        if process::is_forked() && end.seen.waits == 0 && end.findings() == 0 {
            // A child that has no loop: its parent says what there is to say.
            return;
        }
        self.is_over = true;
        end.summaries = std::mem::take(&mut self.summaries);
        end.json = plan.json_path(pid);
        plan.put(pid, &end.text(plan.colour()), &json::summary(&end));
        if end.findings() > 0 {
            EXIT_CODE.store(plan.exitcode, Relaxed);
        }
        IS_OVER.store(true, Relaxed);
    }
}

/// In a forked child: what was found so far, its parent reports.
pub fn forked() {
    IS_OVER.store(false, Relaxed);
    EXIT_CODE.store(0, Relaxed);
    FAILURE.renew(|| None);
    REPORTER.renew(|| None);
    REPORTER.with(0, |place| *place = PLAN.get().map(Reporter::new));
}
