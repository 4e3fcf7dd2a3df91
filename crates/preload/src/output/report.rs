//! Findings, on their way out: call sites resolved, suppressions applied, text and JSON written; and
//! the end of the report.
//!
//! One thread at a time has the reporter. Where another thread does not give it back, findings go out
//! through a new one.
//!
//! Surprising: that the checker failed is said by the thread that has the reporter, when it is done.
//! The line never stands in the middle of a report.

use crate::books::{counts, model, recording, stalls};
use crate::output::line::say;
use crate::output::plan::Plan;
use crate::output::{frames, lines, symbolize};
use crate::questions::{self, threads};
use crate::runtime::lock::Locked;
use crate::runtime::sandbox::{self, Call};
use crate::runtime::{clock, failure, process, shared_page, slot_life, watched};
use epshim_check::{Certainty, Finding, Options, Role, Tally};
use epshim_report::{
    Count, Descriptor, End, Others, Report, Seen, Stack, Suppressions, Total, json, text,
};
use std::ffi::c_int;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU8, Ordering::Relaxed};

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
    /// What was found in a sandbox, as text and as JSON: it is written with the end.
    kept: [String; 2],
}

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

/// The end was written.
static IS_OVER: AtomicBool = AtomicBool::new(false);
/// The end could not be written: a sandbox, or standard error is closed by now.
static IS_LOST: AtomicBool = AtomicBool::new(false);
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

/// Reports a finding. Its descriptors were introduced when it was made.
pub fn write(finding: &Finding, descriptors: Vec<Descriptor>) {
    let halts = with(PATIENCE, |plan, reporter| {
        let is_shown = finding.certainty > Certainty::Note || plan.shows_notes;
        is_shown
            && !reporter.is_over
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

/// Whether the end was written.
pub fn is_over() -> bool {
    IS_OVER.load(Relaxed)
}

/// Whether the end could not be written. The observer may be able to.
pub fn is_lost() -> bool {
    IS_LOST.load(Relaxed)
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
    fn report(&mut self, plan: &Plan, finding: &Finding, descriptors: Vec<Descriptor>) -> bool {
        self.reported.count(finding.clone());
        let is_written = stalls::is_written(finding);
        let mut stacks = lines::stacks(finding);
        self.symbolize(plan, &mut stacks);
        let pid = process::id().unsigned_abs();
        let (time, finding) = (clock::since_1970(), finding.clone());
        let mut report = Report { pid, time, finding, stacks, descriptors };
        let is_suppressed = self.suppressions.suppress(&report);
        report.shorten(plan.functions);
        for (stack, &(_, site)) in report.stacks.iter().zip(&report.finding.sites) {
            recording::place(site, &stack.frames);
        }
        let belongs = report.stacks.iter().find(|stack| stack.role == Role::BelongsTo);
        if let (Some(belongs), Some(&(_, site))) = (belongs, report.finding.sites.first()) {
            recording::belongs(site, report.finding.fd, &belongs.frames);
        }
        if is_suppressed {
            return false;
        }
        EXIT_CODE.store(plan.exitcode, Relaxed);
        let summary = text::summary(&report);
        self.publish(plan, &self.reported, Some(&summary));
        if !self.summaries.contains(&summary) {
            self.summaries.push(summary);
        }
        if is_written {
            return true;
        }
        let (text, json) = (text::finding(&report, plan.medium()), json::finding(&report));
        if sandbox::entered_at().is_some() {
            self.keep(&text, &json);
        } else {
            plan.put(pid, &text, &json);
        }
        true
    }

    /// Writes down for the observer what was found so far.
    fn publish(&self, plan: &Plan, tally: &Tally, summary: Option<&str>) {
        let (suppressions, time) = (&self.suppressions, clock::since_1970());
        let end = End::new(0, time, tally, suppressions, plan.shows_notes, Seen::default());
        shared_page::found(&end.counts, end.notes_not_shown, summary);
    }

    fn keep(&mut self, text: &str, json: &str) {
        /// More than that of either is left out; the counts of the end have it.
        const MOST: usize = 32 << 10;
        for (kept, new) in self.kept.iter_mut().zip([text, json]) {
            if kept.len() + new.len() <= MOST {
                kept.push_str(new);
            }
        }
    }

    fn symbolize(&mut self, plan: &Plan, stacks: &mut [Stack]) {
        let Some(command) = plan.symbolizer.as_ref().filter(|_| self.not_symbolized.is_none())
        else {
            return;
        };
        let mut all: Vec<_> = stacks.iter().flat_map(|stack| stack.frames.clone()).collect();
        let program = plan.program(process::id().unsigned_abs());
        self.not_symbolized = symbolize::symbolize(command, program, &mut all).err();
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
        let not_symbolized = self.not_symbolized.clone();
        let (sandbox, no_lines) = (sandbox_of_the_program(), questions::lines::unknown());
        let seen = Seen { not_symbolized, sandbox, no_lines, ..seen };
        let time = clock::since_1970();
        let mut end = End::new(pid, time, tally, &self.suppressions, plan.shows_notes, seen);
        if process::is_forked() && end.seen.waits == 0 && end.findings() == 0 {
            // A child that has no loop: its parent says what there is to say.
            return;
        }
        self.is_over = true;
        end.summaries = std::mem::take(&mut self.summaries);
        let (observed, summaries) = shared_page::observed();
        end.counts = Count::join(std::mem::take(&mut end.counts), observed);
        for summary in summaries {
            if !end.summaries.contains(&summary) {
                end.summaries.push(summary);
            }
        }
        end.json = plan.json_path(pid);
        self.publish(plan, tally, None);
        let elsewhere = add_others(plan, &mut end);
        let [kept, kept_json] = std::mem::take(&mut self.kept);
        let text = kept + &end.text(plan.medium());
        let is_written = plan.put(pid, &text, &(kept_json + &json::summary(&end)));
        IS_LOST.store(!is_written, Relaxed);
        if end.findings() + elsewhere > 0 {
            EXIT_CODE.store(plan.exitcode, Relaxed);
        }
        IS_OVER.store(true, Relaxed);
    }
}

/// The end of the process that `epshim check` became has something to say of the others. Returns what was
/// found in any of them, if they count.
fn add_others(plan: &Plan, end: &mut End) -> u64 {
    let Some(page) = shared_page::page().filter(|_| shared_page::is_first()) else { return 0 };
    let findings = u64::from(page.findings.load(Relaxed));
    let processes = u64::from(page.processes.load(Relaxed));
    let total = plan.traces_children && (processes > 1 || findings > end.findings());
    end.others = Others {
        not_watched: if plan.traces_children { 0 } else { page.not_watched() },
        going_on: shared_page::others(page).filter(|&pid| threads::runs(pid)).count() as u64,
        total: total.then_some(Total { processes, findings }),
    };
    if !plan.traces_children {
        return 0;
    }
    let (summaries, more) = page.summaries.all();
    for summary in summaries {
        if !end.summaries.contains(&summary) {
            end.summaries.push(summary);
        }
    }
    if more > 0 {
        end.summaries.push(format!("and {more} more"));
    }
    findings
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

/// Which sandbox kept the checker from asking, and what.
fn sandbox_of_the_program() -> Option<String> {
    if let Some(site) = sandbox::entered_at() {
        let frames = frames::locate(&[site]);
        let place = frames
            .first()
            .map_or_else(String::new, |frame| format!("{}+{:#x}", frame.module, frame.offset));
        return Some(format!("the program entered it at {place}"));
    }
    let refused: Vec<_> = sandbox::refused_at_start().map(Call::name).collect();
    (!refused.is_empty())
        .then(|| format!("the program was started in it; refused: {}", refused.join(", ")))
}

/// In a forked child: what was found so far, its parent reports.
pub fn forked() {
    IS_OVER.store(false, Relaxed);
    EXIT_CODE.store(0, Relaxed);
    FAILURE.renew(|| None);
    REPORTER.renew(|| None);
    REPORTER.with(0, |place| *place = PLAN.get().map(Reporter::new));
}
