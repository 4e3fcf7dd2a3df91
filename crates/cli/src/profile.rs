//! `epshim profile` of what is there already: a recording, a process that runs, or two profiles.
//!
//! The profile of a program is made by the observer beside it (`observer/profiling.rs`).

use crate::args::{Other, ProfileOptions};
use crate::attached::{COST, until};
use crate::inspect::targets;
use crate::interrupts::Interrupts;
use crate::output::{Output, complain, shown};
use crate::outside::Outside;
use crate::profiles::forms::FORMS;
use crate::profiles::{self, Wanted};
use crate::replay;
use crate::symbolize::names::Names;
use epshim_check::options::expand;
use epshim_check::replay::{Found, Replay};
use epshim_observe::What;
use epshim_observe::binary::MAGIC;
use epshim_profile::diff::{Change, differences};
use epshim_profile::{Finding, KIND, Model, Options, Profile, SCHEMA, text};
use std::fs::File;
use std::io::{BufWriter, Read as _, Write as _};
use std::path::Path;
use std::time::Instant;

/// Whether this is no program to be run: a recording, or `diff`.
pub fn is_answered(options: &ProfileOptions) -> bool {
    options.other.is_some()
        || options.pid.is_some()
        || options.command.len() == 1 && is_recording(&options.command[0])
}

fn is_recording(path: impl AsRef<Path>) -> bool {
    let mut begin = [0; MAGIC.len()];
    let file = path.as_ref().metadata().is_ok_and(|file| file.is_file());
    file && File::open(path).and_then(|mut file| file.read_exact(&mut begin)).is_ok()
        && begin == *MAGIC
}

/// Answers: the exit code.
pub fn answer(options: &ProfileOptions) -> u8 {
    let answer = match (&options.other, &options.pid) {
        (Some(Other::Diff { before, after }), _) => diff(before, after),
        (None, Some(word)) => of_process(word, options),
        (None, None) => of_recording(options),
    };
    answer.unwrap_or_else(|Failure { code, reason }| {
        complain(&reason);
        code
    })
}

/// What there is no answer for.
struct Failure {
    code: u8,
    reason: String,
}

impl Failure {
    fn of(path: &Path, why: impl std::fmt::Display) -> Self {
        Self { code: 2, reason: format!("{}: {why}", shown(path)) }
    }
}

fn of_recording(options: &ProfileOptions) -> Result<u8, Failure> {
    let path = Path::new(&options.command[0]);
    let mut model = Model::new(Options { slow: options.slow, keep: options.keep });
    let mut replay = options.check.then(Replay::default);
    let (mut begin, mut end, mut pid) = (None, 0, 0);
    let read = replay::read(path, |it| {
        begin.get_or_insert(it.at);
        end = end.max(it.at);
        if let (What::Start { .. }, 0) = (&it.what, pid) {
            pid = it.pid;
        }
        model.observe(&it);
        if let Some(replay) = &mut replay {
            replay.step(&it);
        }
    });
    read.map_err(|replay::Failure { code, reason }| Failure { code, reason })?;
    let mut program = profiles::program(Vec::new(), pid.unsigned_abs());
    program.recording = Some(path.display().to_string());
    let mut profile = model.finish(end, program);
    let found = replay.map(|replay| replay.found()).unwrap_or_default();
    profile.findings = found.iter().map(|one| finding(one, begin.unwrap_or(0))).collect();
    write(profile, options)
}

/// Of a process that runs, until it ends, or it is enough.
fn of_process(word: &str, options: &ProfileOptions) -> Result<u8, Failure> {
    let failure = |reason: String| Failure { code: 2, reason };
    let pid = targets::one(word).map_err(failure)?;
    let interrupts = Interrupts::begin().map_err(|error| failure(error.to_string()))?;
    let wanted = Options { slow: options.slow, keep: options.keep };
    let mut outside = Outside::of(pid, wanted).map_err(|why| failure(why.to_string()))?;
    complain(&format!("profiles process {pid} from outside, {}. {COST}", until(options.time)));
    let begun = Instant::now();
    let is_enough = || options.time.is_some_and(|time| begun.elapsed() >= time);
    while outside.pass() && !interrupts.has_come() && !is_enough() {}
    let profile = outside.finish().ok_or_else(|| failure("there is no profile".to_owned()))?;
    write(profile, options)
}

/// Names what is in it, and writes it where the options say, and its text to standard output.
fn write(mut profile: Profile, options: &ProfileOptions) -> Result<u8, Failure> {
    let wanted = Wanted { redacts: options.redact_peers, ..Wanted::default() };
    profiles::complete(&mut profile, &wanted, &mut Names::default());
    for (path, (_, write)) in options.files().into_iter().zip(FORMS) {
        let Some(path) = path else { continue };
        let pid = profile.program.pid.unsigned_abs();
        let path = &path.to_str().map_or_else(|| path.clone(), |it| expand(it, pid).into());
        let file = File::create(path).map_err(|error| Failure::of(path, error))?;
        let mut to = BufWriter::new(file);
        let written = write(&profile, &mut to).and_then(|()| to.flush());
        written.map_err(|error| Failure { code: 1, ..Failure::of(path, error) })?;
    }
    let mut lines = text::lines(&profile).join("\n");
    lines.push('\n');
    Output::text(lines, true).print().map_err(|reason| Failure { code: 1, reason })
}

fn finding(found: &Found, begin: u64) -> Finding {
    let of = &found.finding;
    Finding {
        at: of.at.saturating_sub(begin),
        rule: of.rule.name().to_owned(),
        certainty: of.certainty.name().to_owned(),
        pid: found.pid,
        tid: of.tid,
        epfd: Some(of.epfd).filter(|&epfd| epfd >= 0),
        fd: Some(of.fd).filter(|&fd| fd >= 0),
        what: of.what.clone(),
        fix: of.advice().fix.to_owned(),
    }
}

fn diff(before: &Path, after: &Path) -> Result<u8, Failure> {
    let (before, after) = (profile(before)?, profile(after)?);
    let all = differences(&before, &after);
    let mut lines: Vec<String> = Vec::new();
    for one in &all {
        let word = match one.change {
            Change::Worse => "worse",
            Change::Better => "better",
            Change::Other => "other",
        };
        lines.push(format!("{word:<7} {}\n", shown(&one.text)));
    }
    for (profile, which) in [(&before, "before"), (&after, "after")] {
        if profile.drops.records > 0 {
            let lost = profile.drops.records;
            lines.push(format!("note    {lost} records were lost {which}: figures are too low\n"));
        }
    }
    if all.is_empty() {
        lines.push("nothing became better or worse\n".to_owned());
    }
    let is_worse = all.iter().any(|one| one.change == Change::Worse);
    let printed = Output::text(lines.concat(), true).print();
    printed.map_err(|reason| Failure { code: 1, reason })?;
    Ok(u8::from(is_worse))
}

fn profile(path: &Path) -> Result<Profile, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::of(path, error))?;
    let profile: Profile = serde_json::from_str(&text)
        .map_err(|error| Failure::of(path, format!("this is no profile: {error}")))?;
    if profile.kind != KIND || profile.schema != SCHEMA {
        return Err(Failure::of(path, "this is no profile that this version can read"));
    }
    Ok(profile)
}
