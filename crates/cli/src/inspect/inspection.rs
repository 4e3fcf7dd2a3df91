//! The two looks at each process, and what they say.
//!
//! Surprising: all processes are looked at before the pause, and again behind it, so that ten take as long as one.

use super::stacks::{self, Stack};
use crate::args::InspectOptions;
use epshim_attach::gather::{NoLook, Options, Order, Round, Target};
use epshim_attach::look::{Look, redact};
use epshim_attach::verdict::Verdict;
use epshim_attach::verdicts;
use std::time::SystemTime;

/// What there is to say of one process.
pub struct Inspection {
    pub before: Look,
    pub now: Look,
    pub time: SystemTime,
    pub verdicts: Vec<Verdict>,
    pub stacks: Vec<Stack>,
    /// The seconds between the looks.
    pub apart: f64,
}

/// What there is to say of this one.
pub fn of(inspections: &[Inspection], pid: i32) -> Option<&Inspection> {
    inspections.iter().find(|inspection| inspection.now.process.pid == pid)
}

/// Looks twice at each, and judges. What cannot be looked at is a sentence.
pub fn inspect(
    pids: &[i32],
    options: &InspectOptions,
    round: impl Fn() -> Round,
) -> (Vec<Inspection>, Vec<String>) {
    let asked = Options { copies: options.copies };
    let mut reasons = Vec::new();
    let mut failed =
        |pid: i32, why: NoLook, when: &str| reasons.push(format!("process {pid}{when}: {why}"));
    let mut looked = Vec::new();
    let first_round = round();
    for &pid in pids {
        let first = Target::of(pid).and_then(|mut target| {
            target.look(Order::ThreadsFirst, asked, &first_round).map(|look| (target, look))
        });
        match first {
            Ok(first) => looked.push((pid, first)),
            Err(why) => failed(pid, why, ""),
        }
    }
    if !looked.is_empty() {
        std::thread::sleep(options.interval);
    }
    let (mut pairs, round) = (Vec::new(), round());
    for (pid, (mut target, before)) in looked {
        match target.look(Order::ThreadsLast, asked, &round) {
            Ok(now) => pairs.push((target, before, now)),
            Err(why) => failed(pid, why, ", between the two looks"),
        }
    }
    // Stacks and their names take longer than looks.
    let judged = |(target, before, now)| judged(&target, before, now, options);
    (pairs.into_iter().map(judged).collect(), reasons)
}

fn judged(
    target: &Target,
    mut before: Look,
    mut now: Look,
    options: &InspectOptions,
) -> Inspection {
    if options.redact {
        redact(&mut before);
        redact(&mut now);
    }
    let verdicts = verdicts::judge(&before, &now);
    let stacks = match options.all && !options.json {
        // A line of the table has no room for them.
        true => Vec::new(),
        false => stacks::of(target, &before, &now, &verdicts, options.redact),
    };
    let apart = now.at.saturating_sub(before.at) as f64 / 1e9;
    Inspection { before, now, time: SystemTime::now(), verdicts, stacks, apart }
}

impl Inspection {
    /// Whether something is wrong; notes say nothing of the kind.
    pub fn has_findings(&self) -> bool {
        self.verdicts.iter().any(Verdict::is_finding)
    }
}
