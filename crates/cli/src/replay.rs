//! `epshim replay`: what the rules say of a recording, or the recording as text.
//!
//! It is read and printed piece by piece, however long it is. Nothing is looked up: names are those that were
//! recorded.

use crate::args::ReplayOptions;
use crate::output::{complain, shown, written};
use epshim_check::replay::{Found, Replay};
use epshim_check::{Certainty, Role};
use epshim_observe::reading::Reading;
use epshim_observe::{Observation, What};
use epshim_report::{Frame, Interpreted, Medium, Report, Stack, Symbol, counted, json, text};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// How long a recording may take to be whole, when its program has ended.
const PATIENCE: Duration = Duration::from_secs(2);

/// Answers: the exit code.
pub fn answer(options: &ReplayOptions) -> u8 {
    match if options.text { print(options) } else { judge(options) } {
        Ok(code) => code,
        Err(Failure { code, reason }) => {
            complain(&reason);
            code
        }
    }
}

/// What there is no answer for.
pub struct Failure {
    pub code: u8,
    pub reason: String,
}

impl Failure {
    /// The answer cannot be written.
    fn unwritten(reason: String) -> Self {
        Self { code: 1, reason }
    }
}

/// How much of a trace there was.
#[derive(Default)]
pub struct Counts {
    observations: u64,
    dropped: u64,
    /// Bytes at its end that are no whole observation.
    cut_off: usize,
}

/// A recording ends a moment after its program. One of a program that still runs is read as far as it goes.
fn wait_for_its_end(file: &File, path: &Path) {
    let start = Instant::now();
    while flock(file, FlockOperation::NonBlockingLockShared) == Err(Errno::WOULDBLOCK) {
        if start.elapsed() > PATIENCE {
            complain(&format!("{}: it is still written; this is what is there now", shown(path)));
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Reads a trace to its end.
pub fn read(path: &Path, mut each: impl FnMut(Observation<'static>)) -> Result<Counts, Failure> {
    let failed = |reason: String| Failure { code: 2, reason: format!("{}: {reason}", shown(path)) };
    let mut input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        let file = File::open(path).map_err(|error| failed(error.to_string()))?;
        wait_for_its_end(&file, path);
        Box::new(file)
    };
    let (mut reading, mut counts, mut bytes) =
        (Reading::default(), Counts::default(), vec![0; 1 << 20]);
    let mut count = |it: Observation<'static>, counts: &mut Counts| {
        counts.observations += 1;
        if let What::Dropped { records } = it.what {
            counts.dropped += records;
        }
        each(it);
    };
    loop {
        let length = match input.read(&mut bytes) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(failed(error.to_string())),
        };
        let taken = reading.more(&bytes[..length], |it| count(it, &mut counts));
        taken.map_err(|why| failed(why.to_string()))?;
    }
    let ended = reading.end(|it| count(it, &mut counts));
    counts.cut_off = ended.map_err(|why| failed(why.to_string()))?;
    if counts.observations == 0 {
        return Err(failed(
            if counts.cut_off > 0 { "it is cut off" } else { "it is empty" }.to_owned(),
        ));
    }
    if counts.cut_off > 0 {
        complain(&format!(
            "{}: it is cut off: its last {} are no whole observation",
            shown(path),
            counted(counts.cut_off as u64, "byte", "bytes")
        ));
    }
    Ok(counts)
}

/// All of it as text.
fn print(options: &ReplayOptions) -> Result<u8, Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut outcome = Ok(());
    read(&options.file, |it| {
        if outcome.is_ok() {
            outcome = writeln!(out, "{it}");
        }
    })?;
    written(outcome.and_then(|()| out.flush())).map_err(Failure::unwritten)?;
    Ok(0)
}

/// What the rules say of it.
fn judge(options: &ReplayOptions) -> Result<u8, Failure> {
    let mut replay = Replay::default();
    let counts = read(&options.file, |it| replay.step(&it))?;
    let is_wanted = |found: &Found| {
        let rule = &found.finding.rule;
        (options.only.is_empty() || options.only.contains(rule))
            && !options.except.contains(rule)
            && (options.notes || found.finding.certainty > Certainty::Note)
    };
    let found: Vec<_> = replay.found().into_iter().filter(is_wanted).collect();
    let has_findings = found.iter().any(|one| one.finding.certainty > Certainty::Note);
    let medium = Medium { colour: true, columns: None };
    let each = found.into_iter().map(report);
    let mut text: String =
        each.map(|report| {
            if options.json { json::finding(&report) } else { text::finding(&report, medium) }
        })
        .collect();
    if !options.json {
        text.push_str(&last_line(&counts, has_findings));
    }
    // `anstream` strips the colours unless this is a terminal without NO_COLOR.
    let mut out = anstream::stdout().lock();
    let outcome = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written(outcome).map_err(Failure::unwritten)?;
    Ok(u8::from(has_findings))
}

fn last_line(counts: &Counts, has_findings: bool) -> String {
    let observations = counted(counts.observations, "observation", "observations");
    let nothing = if has_findings { "" } else { ": nothing was found" };
    let lost = match counts.dropped {
        0 => String::new(),
        lost => format!(
            "; {} had no room when it was recorded, and what was known until then counts no more",
            counted(lost, "observation", "observations")
        ),
    };
    format!("{observations}{nothing}{lost}\n")
}

fn report(found: Found) -> Report {
    let Found { pid, finding, since_1970, stacks, belongs } = found;
    let roles = finding.sites.iter().map(|&(role, _)| role);
    let belongs = Some((Role::BelongsTo, belongs)).filter(|(_, frames)| !frames.is_empty());
    let stacks = roles.zip(stacks).chain(belongs);
    let stacks = stacks.map(|(role, frames)| stack(role, frames)).collect();
    let time = Duration::from_nanos(since_1970.unwrap_or(finding.at));
    Report { pid: pid.unsigned_abs(), time, finding, stacks, descriptors: Vec::new() }
}

fn stack(role: Role, frames: Vec<epshim_observe::Frame>) -> Stack {
    let frames = frames.into_iter().map(|frame| {
        let symbols = frame.symbols.into_iter().map(symbol).collect();
        let interpreted = frame.interpreted.map(|observed| Interpreted {
            language: observed.language.name(),
            is_users: observed.is_users,
        });
        Frame { module: frame.module, offset: frame.offset, symbols, interpreted }
    });
    Stack { role, frames: frames.collect() }
}

fn symbol(symbol: epshim_observe::Symbol) -> Symbol {
    let epshim_observe::Symbol { function, file, line } = symbol;
    let file = Some(file).filter(|file| !file.is_empty());
    Symbol { function, file, line: Some(line).filter(|&line| line > 0), source: None }
}
