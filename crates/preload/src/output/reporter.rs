//! What a process has reported: findings with their call sites resolved, suppressed or written as text
//! and JSON; and the end.

use crate::books::{recording, stalls};
use crate::output::plan::Plan;
use crate::output::{frames, lines, symbolize};
use crate::questions::{self, threads};
use crate::runtime::sandbox::{self, Call};
use crate::runtime::{clock, process, shared_page};
use epshim_check::{Finding, Role, Tally};
use epshim_report::{
    Count, Descriptor, End, Others, Report, Seen, Stack, Suppressions, Total, json, text,
};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::Relaxed};

/// What has been reported so far.
#[derive(Debug, Default)]
pub struct Reporter {
    suppressions: Suppressions,
    /// What was reported, each finding once. The model knows it better, as long as it can be asked.
    pub reported: Tally,
    /// The last lines of what was reported, each once.
    summaries: Vec<String>,
    /// Why call sites have no names. The symbolizer is not asked again then.
    not_symbolized: Option<String>,
    /// The end was written, and nothing comes after it.
    is_over: bool,
    /// What was found in a sandbox, as text and as JSON: it is written with the end.
    kept: [String; 2],
}

/// The end was written.
static IS_OVER: AtomicBool = AtomicBool::new(false);
/// The end could not be written: a sandbox, or standard error is closed by now.
static IS_LOST: AtomicBool = AtomicBool::new(false);
/// Something was found, and this exit code asked for; 0: no other than the program's own. Read without
/// the reporter, which a thread that ends the program may not get.
static EXIT_CODE: AtomicU8 = AtomicU8::new(0);

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

/// In a forked child: nothing was found yet, and its end is still to come.
pub fn forked() {
    IS_OVER.store(false, Relaxed);
    EXIT_CODE.store(0, Relaxed);
}

impl Reporter {
    pub fn new(plan: &Plan) -> Self {
        let cannot_ask = plan.wants_names && plan.symbolizer.is_none();
        Self {
            suppressions: plan.suppressions.clone(),
            not_symbolized: cannot_ask.then(|| "no symbolizer was named".to_owned()),
            ..Self::default()
        }
    }

    /// Returns whether it was reported: before the end, and not suppressed.
    pub fn report(&mut self, plan: &Plan, finding: &Finding, descriptors: Vec<Descriptor>) -> bool {
        if self.is_over {
            return false;
        }
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
    pub fn end(&mut self, plan: &Plan, tally: &Tally, seen: Seen) {
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

/// Which sandbox kept the checker from asking, and what.
pub fn sandbox_of_the_program() -> Option<String> {
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
