//! Findings, on their way out: call sites resolved, suppressions applied, text and JSON written; and
//! the end of the report.
//!
//! Called by the watcher and by the thread that ends the program, never where the program waits for
//! an answer of the kernel's.

use crate::options::Options;
use crate::output::Destination;
use crate::{frames, guard, model, process, stacks, symbolize};
use epshim_check::options::Color;
use epshim_check::report::{End, Report, Seen, Stack, Suppressions, json, text};
use epshim_check::{Certainty, Finding};
use rustix::time::{ClockId, clock_gettime};
use std::ffi::CString;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

/// How and where findings are reported.
struct Reporter {
    text: Destination,
    json: Option<Destination>,
    symbolizer: Option<CString>,
    suppressions: Suppressions,
    shows_notes: bool,
    halts: bool,
    exitcode: u8,
    color: Color,
    no_color: bool,
    not_symbolized: Option<String>,
}

static REPORTER: Mutex<Option<Reporter>> = Mutex::new(None);
/// A thread had it in hand when the process was forked.
static IS_LOST: AtomicBool = AtomicBool::new(false);

/// Before anything is told.
pub fn start(options: &Options, no_color: bool) {
    let asked = &options.check;
    let symbolizer = asked.symbolizer.as_deref().filter(|_| asked.symbolize);
    let mut reporter = Reporter {
        text: Destination::new(asked.log_path.as_deref()),
        json: asked.json.as_deref().map(|path| Destination::new(Some(path))),
        symbolizer: symbolizer.and_then(|path| CString::new(path).ok()),
        suppressions: Suppressions::default(),
        shows_notes: asked.notes,
        halts: asked.halt_on_error,
        exitcode: asked.exitcode,
        color: asked.color,
        no_color,
        not_symbolized: None,
    };
    if asked.symbolize && symbolizer.is_none() {
        reporter.not_symbolized = Some("no symbolizer was named".to_owned());
    }
    if let Some(path) = &asked.suppressions {
        reporter.suppress(path);
    }
    *lock() = Some(reporter);
}

fn lock() -> std::sync::MutexGuard<'static, Option<Reporter>> {
    REPORTER.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Reports a finding.
pub fn write(finding: &Finding) {
    if IS_LOST.load(Relaxed) {
        return;
    }
    let halts = match &mut *lock() {
        Some(reporter) if finding.certainty > Certainty::Note || reporter.shows_notes => {
            reporter.report(finding) && reporter.halts
        }
        _ => false,
    };
    if halts {
        process::halt(end().unwrap_or(1));
    }
}

/// The end of the report; and of the program with another exit code, where that was asked for.
pub fn finish() {
    if let Some(exitcode) = end() {
        process::end(exitcode);
    }
}

/// Returns the exit code that the program is to have, if not its own.
fn end() -> Option<u8> {
    if IS_LOST.load(Relaxed) {
        return None;
    }
    let mut reporter = lock();
    let reporter = reporter.as_mut()?;
    let seen = Seen { not_symbolized: reporter.not_symbolized.clone(), ..model::seen() };
    if process::is_forked() && seen.waits == 0 {
        // A child that has no loop: what there is to say, its parent says.
        return None;
    }
    let pid = process::id().unsigned_abs();
    let shows_notes = reporter.shows_notes;
    let suppressions = &reporter.suppressions;
    let end = model::with(|checker| {
        End::new(pid, time(), checker.tally(), suppressions, shows_notes, seen)
    })?;
    reporter.put(pid, &end.text(reporter.colour()), &json::summary(&end));
    (end.findings() > 0 && reporter.exitcode != 0).then_some(reporter.exitcode)
}

impl Reporter {
    /// Returns whether it was reported, and not suppressed.
    fn report(&mut self, finding: &Finding) -> bool {
        let mut stacks: Vec<Stack> = Vec::new();
        for &(role, site) in &finding.sites {
            stacks.push(Stack { role, frames: frames::locate(&stacks::of(site)) });
        }
        if let Some(command) = &self.symbolizer {
            let mut all: Vec<_> = stacks.iter().flat_map(|stack| stack.frames.clone()).collect();
            if let Err(trouble) = symbolize::symbolize(command, &mut all) {
                self.not_symbolized = Some(trouble);
            }
            let mut all = all.into_iter();
            for frame in stacks.iter_mut().flat_map(|stack| &mut stack.frames) {
                *frame = all.next().unwrap_or_else(|| frame.clone());
            }
        }
        let pid = process::id().unsigned_abs();
        let report = Report { pid, time: time(), finding: finding.clone(), stacks };
        if self.suppressions.suppress(&report) {
            return false;
        }
        self.put(pid, &text::finding(&report, self.colour()), &json::finding(&report));
        true
    }

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

    fn suppress(&mut self, path: &str) {
        let mut bytes = Vec::new();
        let is_read =
            CString::new(path).is_ok_and(|path| crate::files::read_file(&path, &mut bytes));
        if !is_read {
            return guard::say(format_args!("suppressions: cannot read {path}"));
        }
        let (suppressions, complaints) = Suppressions::parse(&String::from_utf8_lossy(&bytes));
        self.suppressions = suppressions;
        for complaint in complaints {
            guard::say(format_args!("suppressions: {path}: {complaint}"));
        }
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

/// In a forked child: what another thread had in hand is not to be had any more.
pub fn forked() {
    if REPORTER.try_lock().is_err() {
        IS_LOST.store(true, Relaxed);
    }
}

/// Since 1970.
fn time() -> Duration {
    let now = clock_gettime(ClockId::Realtime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec as u32)
}
