//! Findings, on their way out: call sites resolved, suppressions applied, text and JSON written; and
//! the end of the report.
//!
//! Called by the watcher and by the thread that ends the program, never where the program waits for
//! an answer of the kernel's.

use crate::books::{counts, model, stacks};
use crate::options::Options;
use crate::output::Destination;
use crate::runtime::lock::Locked;
use crate::runtime::{clock, process, watched};
use crate::{frames, guard, symbolize};
use epshim_check::options::Color;
use epshim_check::report::{End, Report, Seen, Stack, Suppressions, json, text};
use epshim_check::{Certainty, Finding, Tally};
use std::ffi::CString;
use std::sync::OnceLock;

/// How and where findings are reported: as the options say, for good.
#[derive(Debug)]
struct Plan {
    text: Destination,
    json: Option<Destination>,
    /// None: names are not wanted, or nobody can be asked.
    symbolizer: Option<CString>,
    wants_names: bool,
    suppressions: Suppressions,
    shows_notes: bool,
    halts: bool,
    exitcode: u8,
    color: Color,
    no_color: bool,
}

/// What has come of it.
#[derive(Debug, Default)]
struct Reporter {
    suppressions: Suppressions,
    /// What was reported, each finding once. The model knows it better, as long as it may be asked.
    reported: Tally,
    /// Why call sites have no names. The symbolizer is not asked again then.
    not_symbolized: Option<String>,
    /// The end was written, and nothing comes after it.
    is_over: bool,
}

static PLAN: OnceLock<Plan> = OnceLock::new();
/// None before the start.
static REPORTER: Locked<Option<Reporter>> = Locked::new(None);
/// What ended the checking, until somebody has said so.
static FAILURE: Locked<Option<&'static str>> = Locked::new(None);

/// Sleeps of [`Locked::with`]: 12 seconds. The symbolizer is given up after 10.
const PATIENCE: u32 = 120;

/// Before anything is told.
pub fn start(options: &Options, no_color: bool) {
    let asked = &options.check;
    let symbolizer = asked.symbolizer.as_deref().filter(|_| asked.symbolize);
    let plan = Plan {
        text: Destination::new(asked.log_path.as_deref()),
        json: asked.json.as_deref().map(|path| Destination::new(Some(path))),
        symbolizer: symbolizer.and_then(|path| CString::new(path).ok()),
        wants_names: asked.symbolize,
        suppressions: asked.suppressions.as_deref().map(suppressions).unwrap_or_default(),
        shows_notes: asked.notes,
        halts: asked.halt_on_error,
        exitcode: asked.exitcode,
        color: asked.color,
        no_color,
    };
    let reporter = Reporter::new(&plan);
    let _ = PLAN.set(plan);
    REPORTER.with(PATIENCE, |place| *place = Some(reporter));
}

fn suppressions(path: &str) -> Suppressions {
    let mut bytes = Vec::new();
    let is_read =
        CString::new(path).is_ok_and(|path| crate::questions::files::read_file(&path, &mut bytes));
    if !is_read {
        guard::say(format_args!("suppressions: cannot read {path}"));
    }
    let (suppressions, complaints) = Suppressions::parse(&String::from_utf8_lossy(&bytes));
    for complaint in complaints {
        guard::say(format_args!("suppressions: {path}: {complaint}"));
    }
    suppressions
}

/// Does something with the reporter, or with a new one where the one there is cannot be had; and
/// then says what could not be said meanwhile.
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

/// Whoever has the reporter says it when he is done.
fn say_failure() {
    REPORTER.with(0, |_| {
        if let Some(why) = FAILURE.with(PATIENCE, Option::take).flatten() {
            guard::say(format_args!("the checker failed, and is off: {why}"));
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

/// The end of the report; and of the program with another exit code, where that was asked for.
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
        // A child that has no loop: what there is to say, its parent says.
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
        let report = Report { pid, time: clock::since_1970(), finding: finding.clone(), stacks };
        if self.suppressions.suppress(&report) {
            return false;
        }
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

    /// Writes the end, once. Returns the exit code that is asked for.
    fn end(&mut self, plan: &Plan, tally: &Tally, seen: Seen) -> Option<u8> {
        if std::mem::replace(&mut self.is_over, true) {
            return None;
        }
        let pid = process::id().unsigned_abs();
        let seen = Seen { not_symbolized: self.not_symbolized.clone(), ..seen };
        let end =
            End::new(pid, clock::since_1970(), tally, &self.suppressions, plan.shows_notes, seen);
        plan.put(pid, &end.text(plan.colour()), &json::summary(&end));
        (end.findings() > 0 && plan.exitcode != 0).then_some(plan.exitcode)
    }
}

impl Plan {
    fn put(&self, pid: u32, text: &str, json: &str) {
        // Standard error that is not there any more: nobody can be told.
        if !self.text.write(pid, text.as_bytes()) && matches!(self.text, Destination::File(_)) {
            guard::say(format_args!("the report cannot be written where log_path says:"));
            Destination::new(None).write(pid, text.as_bytes());
        }
        if self.json.as_ref().is_some_and(|file| !file.write(pid, json.as_bytes())) {
            guard::say(format_args!("the report cannot be written where json says"));
        }
    }

    fn colour(&self) -> bool {
        self.text.wants_colour(self.color, self.no_color)
    }
}

/// What was wrong with the options, and their help.
pub fn greet(options: &Options) {
    for complaint in &options.complaints {
        guard::say(format_args!("EPSHIM_OPTIONS: {complaint}"));
    }
    if options.check.help {
        let help = epshim_check::Options::help();
        let stderr = Destination::new(None);
        stderr.write(process::id().unsigned_abs(), help.as_bytes());
    }
}

/// In a forked child: what was found so far, its parent reports.
pub fn forked() {
    FAILURE.renew(|| None);
    REPORTER.renew(|| None);
    REPORTER.with(0, |place| *place = PLAN.get().map(Reporter::new));
}
