//! The same as JSON, one object a line: `"kind": "finding"` for each finding, `"kind": "summary"`
//! at the end. `"schema"` is raised when a reader of the old one would misread the new one; a field
//! more is no such change.

use crate::blame::Blamed;
use crate::descriptor::{Descriptor, What};
use crate::end::{Count, End, Seen};
use crate::fate::{Fate, Others};
use crate::printable;
use crate::stack::{self, Report, Stack, Symbol};
use crate::suppressions::Used;
use serde::Serialize;

/// The version of the lines.
pub const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Finding<'a> {
    schema: u32,
    kind: &'static str,
    pid: u32,
    tid: i32,
    /// Seconds since 1970.
    time: f64,
    rule: &'a str,
    certainty: &'a str,
    /// `null`: none in particular.
    epfd: Option<i32>,
    fd: Option<i32>,
    what: &'a str,
    verified: Option<&'a str>,
    /// What the descriptors are open on, as far as it is known.
    descriptors: Vec<Introduced<'a>>,
    sites: Vec<Site<'a>>,
    /// The frame to blame; `null`: no call site is known.
    blame: Option<Frame<'a>>,
    manual: &'a str,
    fix: &'a str,
    suppression: String,
    /// What tells the program's own lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
}

#[derive(Serialize)]
struct Introduced<'a> {
    fd: i32,
    /// As the text says it.
    text: String,
    #[serde(flatten)]
    what: &'a What,
}

#[derive(Serialize)]
struct Site<'a> {
    role: &'a str,
    frames: Vec<Frame<'a>>,
}

/// An inlined function has an object of its own, before the one that it is inlined into.
#[derive(Serialize)]
struct Frame<'a> {
    /// `null`: the address belongs to none, and `offset` is the address.
    module: Option<&'a str>,
    offset: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    inlined: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
}

#[derive(Serialize)]
struct Summary<'a> {
    schema: u32,
    kind: &'static str,
    pid: u32,
    time: f64,
    rules: &'a [Count],
    findings: u64,
    occurrences: u64,
    suppressed: &'a [Used],
    notes_not_shown: u64,
    seen: &'a Seen,
    /// The same in words, as the text says it.
    not_seen: Vec<String>,
    /// `null`: the process wrote this itself, before it ended.
    end: Option<&'a Fate>,
    others: &'a Others,
}

/// One finding: a line, with its newline.
#[must_use]
pub fn finding(report: &Report) -> String {
    let finding = &report.finding;
    let advice = finding.advice();
    let number = |fd: i32| (fd >= 0).then_some(fd);
    line(&Finding {
        schema: SCHEMA,
        kind: "finding",
        pid: report.pid,
        tid: finding.tid,
        time: report.time.as_secs_f64(),
        rule: finding.rule.name(),
        certainty: finding.certainty.name(),
        epfd: number(finding.epfd),
        fd: number(finding.fd),
        what: &finding.what,
        verified: finding.verified.as_deref(),
        descriptors: report.descriptors.iter().map(introduced).collect(),
        sites: report.stacks.iter().map(site).collect(),
        blame: report.blamed().map(blame),
        manual: advice.manual,
        fix: advice.fix,
        suppression: report.suppression(),
        command: report.command(),
    })
}

fn site(stack: &Stack) -> Site<'_> {
    Site { role: stack.role.name(), frames: stack.frames.iter().flat_map(frames).collect() }
}

fn introduced(descriptor: &Descriptor) -> Introduced<'_> {
    let what = &descriptor.what;
    Introduced { fd: descriptor.fd, text: what.to_string(), what }
}

fn blame(blamed: Blamed<'_>) -> Frame<'_> {
    Frame::new(blamed.frame, blamed.symbol, false)
}

/// A frame without names has one object too.
fn frames(frame: &stack::Frame) -> Vec<Frame<'_>> {
    let Some(last) = frame.symbols.len().checked_sub(1) else {
        return vec![Frame::new(frame, None, false)];
    };
    let symbols = frame.symbols.iter().enumerate();
    symbols.map(|(index, symbol)| Frame::new(frame, Some(symbol), index < last)).collect()
}

impl<'a> Frame<'a> {
    fn new(frame: &'a stack::Frame, symbol: Option<&'a Symbol>, inlined: bool) -> Self {
        Self {
            module: Some(frame.module.as_str()).filter(|module| !module.is_empty()),
            offset: frame.offset,
            function: symbol.map(|symbol| symbol.function.as_str()),
            file: symbol.and_then(|symbol| symbol.file.as_deref()),
            line: symbol.and_then(|symbol| symbol.line),
            source: symbol.and_then(|symbol| symbol.source.as_deref()),
            inlined,
            language: frame.interpreted.map(|interpreted| interpreted.language),
        }
    }
}

/// The end of the report: a line, with its newline.
#[must_use]
pub fn summary(end: &End) -> String {
    line(&Summary {
        schema: SCHEMA,
        kind: "summary",
        pid: end.pid,
        time: end.time.as_secs_f64(),
        rules: &end.counts,
        findings: end.findings(),
        occurrences: end.occurrences(),
        suppressed: &end.suppressed,
        notes_not_shown: end.notes_not_shown,
        seen: &end.seen,
        not_seen: end.seen.blind_spots(),
        end: end.fate.as_ref(),
        others: &end.others,
    })
}

fn line(object: &impl Serialize) -> String {
    let line = serde_json::to_string(object).expect("strings, numbers and lists become JSON");
    printable::json(line) + "\n"
}
