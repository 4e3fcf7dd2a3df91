//! Findings and ends of watched processes, written where the options say, as `epshim check` writes them.

use super::introduced::descriptor;
use super::names::{Names, own};
use super::tape::Tape;
use crate::observer::Held;
use crate::observer::documents::Documents;
use crate::observer::files::Files;
use crate::output::{self, shown};
use epshim_attach::gather::since_1970;
use epshim_check::{Certainty, Finding, Options};
use epshim_report::end::Seen;
use epshim_report::{End, NotFollowed, Report, Stack, Suppressions, json, printable, text};
use epshim_trace::{Ended, Engine, Found};
use std::fs::File;
use std::os::fd::RawFd;

/// Where they go.
pub struct Reports {
    files: Files,
    documents: Option<Documents>,
    suppressions: Suppressions,
    notes: bool,
    depth: usize,
    json: Option<String>,
    names: Names,
    tape: Option<Tape>,
    /// The last line of each finding, by process.
    summaries: Vec<(i32, String)>,
}

/// How much of a stack a report has.
const DEPTH: usize = 16;

impl Reports {
    /// Opens what the options name.
    pub fn begin(
        wanted: &Options,
        held: Held,
        documents: Option<Documents>,
        tape: Option<Tape>,
    ) -> Result<Self, String> {
        let mut lines = wanted.suppress.clone().unwrap_or_default();
        if let Some(path) = &wanted.suppressions {
            let read = File::open(path)
                .and_then(|file| crate::input::text(file, epshim_check::options::MAX_SUPPRESSIONS));
            let read = read.map_err(|error| format!("cannot read {path}: {error}"))?;
            lines = format!("{lines}\n{}", printable::utf8(&read));
        }
        let (suppressions, complaints) = Suppressions::parse(&lines);
        for complaint in complaints {
            output::complain(&format!("suppressions: {complaint}"));
        }
        let pid = std::process::id();
        let json = wanted.json.as_ref().map(|path| epshim_report::place::Place::of(path).name(pid));
        Ok(Self {
            files: Files::open(wanted, held, pid),
            documents,
            suppressions,
            notes: wanted.notes,
            depth: DEPTH.min(usize::from(wanted.stack_depth) + 1),
            json,
            names: Names::default(),
            tape,
            summaries: Vec::new(),
        })
    }

    /// Whether something was reported that is more than a note.
    pub fn has_findings(&self) -> bool {
        !self.summaries.is_empty()
    }

    /// The descriptors that it needs.
    pub fn numbers(&self) -> Vec<RawFd> {
        let documents = self.documents.iter().flat_map(Documents::numbers);
        self.files.numbers().chain(documents).chain(self.tape.iter().map(Tape::number)).collect()
    }

    /// Watches for a moment.
    pub fn pass(&mut self, engine: &mut Engine) {
        for found in engine.pass() {
            self.found(found);
        }
        self.record(engine, false);
    }

    /// Ends it.
    pub fn end(&mut self, engine: Engine) {
        self.record(&engine, true);
        let (lost, not_followed) = (engine.lost(), engine.not_followed());
        for ended in engine.finish() {
            self.ended(ended, lost);
        }
        if not_followed > 0 {
            self.say(&format!(
                "{not_followed} processes were started that are not watched: at most 1024 are at a time"
            ));
        }
    }

    /// Where the report goes: a watcher has no standard error of its own.
    fn say(&self, what: &str) {
        self.files.put(&format!("epshim: {}\n", shown(what)), "");
    }

    fn record(&mut self, engine: &Engine, is_last: bool) {
        if let Some(tape) = &mut self.tape {
            let complaint = tape.take(engine.recorded(), &mut self.names, is_last);
            complaint.iter().for_each(|what| self.say(what));
        }
    }

    /// Writes a finding, if it is wanted.
    fn found(&mut self, found: Found) {
        let Found { pid, finding, stacks, introduced } = found;
        let is_note = finding.certainty == Certainty::Note;
        let mut report = self.report(pid, finding, stacks);
        report.descriptors = introduced.iter().filter_map(descriptor).collect();
        if self.suppressions.suppress(&report) || is_note && !self.notes {
            return;
        }
        if !is_note {
            self.summaries.push((pid, text::summary(&report)));
        }
        self.put(&text::finding(&report, self.files.medium()), &json::finding(&report));
    }

    fn report(
        &mut self,
        pid: i32,
        finding: Finding,
        stacks: Vec<(epshim_check::Role, epshim_trace::Frames)>,
    ) -> Report {
        let (names, depth) = (&mut self.names, self.depth);
        let mut named = |(role, frames): (epshim_check::Role, epshim_trace::Frames)| {
            let named = frames.into_iter().map(|frame| names.named(pid, frame));
            Stack { role, frames: own(named.collect()).into_iter().take(depth).collect() }
        };
        let stacks = stacks.into_iter().map(&mut named).collect();
        Report {
            pid: pid.unsigned_abs(),
            time: since_1970(),
            finding,
            stacks,
            descriptors: Vec::new(),
        }
    }

    /// Writes the end of a process, or of watching it.
    fn ended(&mut self, ended: Ended, lost: u64) {
        let pid = ended.pid.unsigned_abs();
        let not_followed = ended.dropped_suspicions.into_iter();
        let not_followed = not_followed
            .filter(|&(_, suspicions)| suspicions > 0)
            .map(|(rule, suspicions)| NotFollowed { rule, suspicions })
            .collect();
        let seen = Seen {
            waits: ended.waits,
            registrations: ended.registrations,
            taken_unseen: ended.taken_unseen,
            unknown_deliveries: ended.unknown_deliveries,
            dropped_calls: lost,
            not_followed,
            ..Seen::default()
        };
        let mut end =
            End::new(pid, since_1970(), &ended.tally, &self.suppressions, self.notes, seen);
        let of_it = self.summaries.iter().filter(|(of, _)| *of == ended.pid);
        end.summaries = of_it.map(|(_, line)| line.clone()).collect();
        end.json = self.json.clone();
        self.put(&end.text(self.files.medium()), &json::summary(&end));
    }

    fn put(&self, text: &str, json: &str) {
        self.files.put(text, json);
        if let Some(documents) = &self.documents {
            // Nothing can be done where that fails.
            let _ = documents.collect(json.as_bytes());
        }
    }
}
