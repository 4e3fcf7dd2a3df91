//! The reports that the observer writes of loops that stand still, in the words that the thread would have had: the
//! finding is the rule's own, and what is written of it is the library's form.
//!
//! Nothing is written twice. Who has the stall is said in the thread's place of the page (`Loop::claim`), and a stack that
//! was reported once is not again, neither by the observer nor after the thread has.

use super::found::Found;
use super::names::Names;
use crate::observer::asked::Asked;
use crate::observer::own::Own;
use epshim_attach::gather::since_1970;
use epshim_check::replay::replay;
use epshim_check::{Finding, Tally};
use epshim_observe::{Nanos, Observation, Site, What};
use epshim_page::Page;
use epshim_report::descriptor::{Descriptor, What as Kind};
use epshim_report::suppressions::{Suppressions, Used};
use epshim_report::{End, Frame, Report, Seen, Stack, json, text};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// What was reported of the processes, by slot.
#[derive(Debug, Default)]
pub struct Reports {
    processes: BTreeMap<usize, Process>,
}

/// What was reported of a program in a process.
#[derive(Debug)]
struct Process {
    pid: i32,
    generation: u32,
    suppressions: Suppressions,
    tally: Tally,
    /// Stacks that were reported, or found to be suppressed, or that a thread has reported itself.
    stacks: Vec<Vec<u64>>,
}

/// A report that waits for the names of functions.
#[derive(Debug)]
pub struct Draft {
    slot: usize,
    finding: Finding,
    names: Names,
    stack: Vec<u64>,
    pipe: Option<(i32, i32)>,
}

/// A thread that stands still.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    pub pid: i32,
    pub tid: i32,
    pub nanos: Nanos,
    pub found: &'a Found,
    /// The process has ended.
    pub is_over: bool,
}

impl Draft {
    /// Whether the names of its functions are there, or will not be.
    pub fn is_ready(&mut self) -> bool {
        self.names.are_there()
    }
}

impl Reports {
    /// Begins a report. `None`: this stack has been reported, or nothing is known of the process.
    pub fn draft(&mut self, own: &Own, it: Standing<'_>) -> Option<Draft> {
        let Standing { pid, tid, nanos, found, is_over } = it;
        let slot = own.page.states.find(pid).filter(|_| own.asked.is_on)?;
        let process = self.process(own.page, &own.asked, slot, pid);
        let stack = found.stack();
        if process.stacks.contains(&stack) {
            return None;
        }
        let site = Site::of_stack(process.stacks.len() as u64);
        let (epfd, call) = (found.seen.epfd, found.seen.call.clone());
        let (write_end, read_end) = found.seen.pipe.unwrap_or((-1, -1));
        let what = What::Stalled { epfd, nanos, call, is_over, write_end, read_end };
        let seen = Observation { at: 0, pid: 0, tid, site, what };
        let finding = replay(&format!("{seen}\n1s end")).ok()?.into_iter().next()?;
        let frame = |frame: &epshim_attach::stack::Frame| {
            Frame::at(frame.module.clone().unwrap_or_default(), frame.offset)
        };
        let frames = found.frames.iter().map(frame).collect();
        let names = Names::ask(frames, pid.unsigned_abs(), own.asked.symbolizes);
        Some(Draft { slot, finding, names, stack, pipe: found.seen.pipe })
    }

    /// A thread has reported this itself.
    pub fn reported_itself(&mut self, own: &Own, pid: i32, found: &Found) {
        let Some(slot) = own.page.states.find(pid) else { return };
        let process = self.process(own.page, &own.asked, slot, pid);
        let stack = found.stack();
        if !process.stacks.contains(&stack) {
            process.stacks.push(stack);
        }
    }

    /// Writes the report, unless it is suppressed, or `claim` says that it is the thread's.
    pub fn write(&mut self, own: &Own, draft: Draft, claim: impl FnOnce() -> bool) {
        let Draft { slot, finding, names, stack, pipe } = draft;
        let (pid, frames) = (own.page.states.process(slot), names.wait());
        let process = self.process(own.page, &own.asked, slot, pid);
        if process.stacks.contains(&stack) {
            return;
        }
        let role = finding.sites.first().map(|&(role, _)| role);
        let stacks = role.into_iter().map(|role| Stack { role, frames: frames.clone() }).collect();
        let kind = |(write_end, read_end)| Descriptor {
            fd: write_end,
            what: Kind::Pipe { is_read_end: false, other_end: Some(read_end) },
        };
        let descriptors = pipe.map(kind).into_iter().collect();
        let time = since_1970();
        let pid = pid.unsigned_abs();
        let mut report = Report { pid, time, finding, stacks, descriptors };
        let is_suppressed = process.suppressions.suppress(&report);
        // What is suppressed the thread counts when it waits again.
        if !is_suppressed && !claim() {
            return;
        }
        process.stacks.push(stack);
        process.tally.count(report.finding.clone());
        if is_suppressed {
            return;
        }
        report.shorten(own.asked.functions);
        let summary = text::summary(&report);
        process.publish(own.page, slot, &summary);
        let json = json::finding(&report);
        own.files.put(&text::finding(&report, own.files.medium()), &json);
        if let Some(documents) = &own.documents {
            let _ = documents.collect(json.as_bytes());
        }
    }

    /// Which suppressions were of use to the observer.
    pub fn suppressed(&self, slot: usize, pid: i32) -> Vec<Used> {
        let process = self.processes.get(&slot).filter(|process| process.pid == pid);
        process.map(|process| process.suppressions.used(&process.tally)).unwrap_or_default()
    }

    /// What was reported of the program that runs there now.
    fn process(&mut self, page: &Page, asked: &Asked, slot: usize, pid: i32) -> &mut Process {
        let generation = page.slot(slot).generation.load(Relaxed);
        let new = || Process {
            pid,
            generation,
            suppressions: asked.suppressions.clone(),
            tally: Tally::default(),
            stacks: Vec::new(),
        };
        let process = self.processes.entry(slot).or_insert_with(new);
        if (process.pid, process.generation) != (pid, generation) {
            *process = new();
        }
        process
    }
}

impl Process {
    /// Writes down in the page what the observer has found.
    fn publish(&self, page: &Page, number: usize, summary: &str) {
        let end =
            End::new(0, Duration::ZERO, &self.tally, &self.suppressions, true, Seen::default());
        let slot = page.slot(number);
        slot.observed.set(&end.counts);
        slot.summaries.add(summary);
        page.summaries.add(summary);
        page.findings.fetch_add(1, Relaxed);
    }
}
