//! What becomes of a profile before it is written, of a running program or of a recording: call sites get their names,
//! peers lose theirs where that is asked for, and the verdicts are made.

pub mod forms;

use crate::symbolize::names::Names;
use epshim_profile::{Finding, Machine, Profile, Program, judge, place_names, redact_peers};
use epshim_report::read;

/// What the user asks for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Turns that are longer are slow, in nanoseconds.
    pub slow: u64,
    /// For how long turns are kept one by one.
    pub keep: u64,
    /// Where it is written to, in the order of [`FORMS`](forms::FORMS).
    pub files: [Option<String>; forms::COUNT],
    pub redacts: bool,
}

/// What runs, as the profile says it.
pub fn program(command: Vec<String>, pid: u32) -> Program {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let machine = Machine {
        kernel: kernel.trim().to_owned(),
        architecture: std::env::consts::ARCH.to_owned(),
        processors: std::thread::available_parallelism().map_or(0, |count| count.get() as u32),
        clock: "CLOCK_MONOTONIC".to_owned(),
    };
    let epshim = env!("CARGO_PKG_VERSION").to_owned();
    Program { command, pid: pid as i32, epshim, machine, recording: None, from_outside: false }
}

/// Names what has addresses, redacts, and judges.
pub fn complete(profile: &mut Profile, wanted: &Wanted, names: &mut Names) {
    let of_sites = profile.sites.iter_mut().flat_map(|row| &mut row.places);
    let stacks = profile.slow_turns.iter_mut().flat_map(|turn| &mut turn.stacks);
    let of_stacks = stacks.flat_map(|stack| &mut stack.places);
    for place in of_sites.chain(of_stacks).filter(|place| place.function.is_none()) {
        if let Some(name) = names.find(&place.module, place.offset) {
            (place.function, place.file, place.line) = (name.function, name.file, name.line);
        }
    }
    for row in profile.sites.iter_mut().filter(|row| row.name.is_empty()) {
        row.name = place_names::site(&row.places);
    }
    if wanted.redacts {
        redact_peers(profile);
    }
    judge(profile);
}

/// The findings of JSON lines, as `epshim check` writes them.
pub fn findings(lines: &str, started: f64) -> Vec<Finding> {
    let finding = |line| match line {
        read::Line::Finding(found) => Some(finding(*found, started)),
        read::Line::Summary(_) => None,
    };
    read::lines(lines).filter_map(finding).collect()
}

fn finding(found: read::Finding, started: f64) -> Finding {
    let read::Finding { pid, tid, time, rule, certainty, epfd, fd, what, fix, .. } = found;
    let at = ((time - started).max(0.0) * 1e9) as u64;
    Finding { at, rule, certainty, pid: pid as i32, tid, epfd, fd, what, fix }
}
