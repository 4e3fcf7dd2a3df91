//! One run: the program starts, its test begins when it is ready, and what came of it is a verdict.
//!
//! Surprising: a run that takes long does not hang as long as bytes move: a machine may be busy.

use super::child::{Child, LOOK, code};
use super::findings;
use super::ledger::Shared;
use super::program::{Luck, Program};
use super::ready::Ready;
use super::signals;
use super::total::Total;
use super::verdict::Verdict;
use crate::args::ChaosOptions;
use crate::launch::Failure;
use crate::output::shown;
use epshim_ledger::{Ledger, Made, Place};
use epshim_report::read::Finding;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

/// No run hangs before this.
const LEAST: Duration = Duration::from_millis(2500);
/// How long the first may take.
const FIRST: Duration = Duration::from_secs(600);
/// How long nothing moves before it is a hang.
const STILL: Duration = Duration::from_millis(1200);
/// How often a run that goes on may take its limit.
const MOST: u32 = 10;
/// Waits a second, in which nothing moves, of a program that spins.
const SPINS: u64 = 2000;
/// Runs without faults that must pass.
const BASELINE: usize = 3;
/// The exit code of a shell that a signal has ended.
const INTERRUPTED: u8 = 128;

/// What a run came to.
#[derive(Debug)]
pub struct Ran {
    pub verdict: Option<Verdict>,
    pub took: Duration,
    /// Nothing moved for this time at its end.
    pub still: Duration,
    pub made: Vec<Made>,
    pub places: BTreeMap<u32, Place>,
    pub findings: Vec<Finding>,
    pub faults: u32,
    pub illegal: u32,
    /// The end of what the program has written.
    pub written: String,
    pub pid: u32,
}

/// What runs are made of, and what they are held against.
pub struct Runner {
    pub program: Program,
    folder: PathBuf,
    test: Option<String>,
    ready: Option<Ready>,
    timeout: Option<Duration>,
    /// The longest run without faults, and what was found in them.
    pub usual: Duration,
    known: BTreeSet<String>,
    pub total: Total,
    number: u64,
}

impl Runner {
    pub fn new(program: Program, folder: &Path, options: &ChaosOptions) -> Self {
        Self {
            program,
            folder: folder.to_owned(),
            test: options.test.clone(),
            ready: options.ready.clone(),
            timeout: options.timeout,
            usual: Duration::ZERO,
            known: BTreeSet::new(),
            total: Total::default(),
            number: 0,
        }
    }

    /// Runs without faults, which must pass. The error says what to do.
    pub fn baseline(&mut self) -> Result<Result<(), String>, Failure> {
        for run in 1..=BASELINE {
            let ran = self.run(Luck::None)?;
            let found = ran.findings.iter().map(findings::key);
            self.known.extend(found);
            self.usual = self.usual.max(ran.took);
            // What is found without faults is no verdict here.
            if let Some(verdict) =
                ran.verdict.filter(|verdict| !matches!(verdict, Verdict::Finding(_)))
            {
                let written = ran.written.trim_end();
                return Ok(Err(format!(
                    "without faults, run {run} of {BASELINE} fails: {verdict}. First make it pass.\n{written}"
                )));
            }
        }
        Ok(Ok(()))
    }

    /// Whether a call was seen that a fault can be made of.
    pub fn has_sites(&self) -> bool {
        !self.total.sites.is_empty()
    }

    /// A run.
    pub fn run(&mut self, luck: Luck<'_>) -> Result<Ran, Failure> {
        self.number += 1;
        let folder = self.folder.join(format!("run-{}", self.number));
        let ran = self.run_in(&folder, luck).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => {
                let signal = signals::waiting().unwrap_or(0) as u8;
                Failure { code: INTERRUPTED + signal, reason: "interrupted".to_owned() }
            }
            _ => Failure::own(error.to_string()),
        })?;
        let _ = fs::remove_dir_all(&folder);
        Ok(ran)
    }

    /// A replay of these faults.
    pub fn replay(&mut self, plan: &epshim_observe::fault::Plan) -> Result<Ran, Failure> {
        let path = self.folder.join("plan");
        let failed = |error: io::Error| Failure::own(format!("{}: {error}", shown(&path)));
        fs::write(&path, plan.to_string()).map_err(failed)?;
        self.run(Luck::Plan(&path))
    }

    fn run_in(&mut self, folder: &Path, luck: Luck<'_>) -> io::Result<Ran> {
        fs::create_dir(folder)?;
        let shared = Shared::create(&folder.join("ledger"))?;
        let ledger = shared.get();
        let output = folder.join("output");
        let mut child = Child::start(&mut self.program.command(folder, luck), &output)?;
        let mut run = Run::new(self, folder, &output, ledger);
        let verdict = run.watch(&mut child);
        let (took, still) = (run.started.elapsed(), run.moved.elapsed());
        drop(run);
        child.end()?;
        let verdict = verdict?;
        let is_sanitizer = has_sanitizer(&output);
        let found = findings::read(folder);
        let new = findings::new(&found, &self.known).map(|finding| finding.rule.clone());
        let verdict = match verdict {
            Some(Verdict::Crash(signal)) => Some(Verdict::Crash(signal)),
            _ if is_sanitizer => Some(Verdict::Sanitizer),
            other => other.or(new.map(Verdict::Finding)),
        };
        self.total.add(ledger, verdict.is_some());
        Ok(Ran {
            took,
            still,
            verdict,
            made: ledger.entries().collect(),
            places: (0..).map_while(|site| Some((site, ledger.place(site)?))).collect(),
            findings: found,
            faults: ledger.count(),
            illegal: ledger.illegal(),
            written: end_of(&output),
            pid: child.id(),
        })
    }

    /// How long a run may take. The first has no other to be held against.
    fn limit(&self) -> Duration {
        let usual = if self.usual.is_zero() { FIRST } else { LEAST.max(self.usual * 3) * busy() };
        self.timeout.unwrap_or(usual)
    }
}

/// A run that goes on.
struct Run<'a> {
    runner: &'a Runner,
    folder: &'a Path,
    output: &'a Path,
    ledger: &'a Ledger,
    started: Instant,
    test: Option<Child>,
    /// When something moved last, and what the ledger said then.
    moved: Instant,
    progress: (u64, u64),
    looked: Instant,
}

impl<'a> Run<'a> {
    fn new(runner: &'a Runner, folder: &'a Path, output: &'a Path, ledger: &'a Ledger) -> Self {
        let now = Instant::now();
        let (test, progress) = (None, ledger.progress());
        Self {
            runner,
            folder,
            output,
            ledger,
            started: now,
            test,
            moved: now,
            progress,
            looked: now,
        }
    }

    /// Until there is a verdict, or it has passed.
    fn watch(&mut self, child: &mut Child) -> io::Result<Option<Verdict>> {
        loop {
            if signals::waiting().is_some() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            if let Some(status) = child.ended()? {
                return Ok(self.ended(status));
            }
            if self.test.is_none() {
                self.start_test()?;
            } else if let Some(status) = self.test_ended()? {
                // A program that has just ended is why its test failed.
                thread::sleep(LOOK * 5);
                return Ok(match child.ended()? {
                    Some(status) => self.ended(status),
                    None if status.success() => None,
                    None => Some(Verdict::Test(code(status).unwrap_or(-1))),
                });
            }
            if let Some(verdict) = self.is_over() {
                return Ok(Some(verdict));
            }
            thread::sleep(LOOK);
        }
    }

    fn test_ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.test.as_mut().map_or(Ok(None), Child::ended)
    }

    /// Starts the test, if there is one and the program is ready.
    fn start_test(&mut self) -> io::Result<()> {
        let Some(test) = self.runner.test.as_ref().filter(|_| self.is_ready()) else {
            return Ok(());
        };
        let mut command = Command::new("/bin/sh");
        command.args(["-c", test]).env("EPSHIM_CHAOS_OUTPUT", self.output);
        command.env_remove("LD_PRELOAD").env_remove("EPSHIM_OPTIONS");
        self.test = Some(Child::start(&mut command, &self.folder.join("test"))?);
        Ok(())
    }

    fn is_ready(&self) -> bool {
        self.runner
            .ready
            .as_ref()
            .map_or_else(|| self.ledger.has_listener(), |ready| ready.is(self.output))
    }

    /// The program has ended by itself.
    fn ended(&self, status: ExitStatus) -> Option<Verdict> {
        match code(status) {
            Err(signal) => Some(Verdict::Crash(signal)),
            Ok(0) if self.runner.test.is_none() => None,
            Ok(status) => Some(Verdict::Status(status)),
        }
    }

    /// Whether it hangs or spins.
    fn is_over(&mut self) -> Option<Verdict> {
        let (moved, turns) = self.ledger.progress();
        if moved != self.progress.0 {
            (self.progress, self.moved) = ((moved, turns), Instant::now());
        }
        let (took, still) = (self.started.elapsed(), self.moved.elapsed());
        let verdict = || {
            let a_second =
                turns.saturating_sub(self.progress.1) * 1000 / (still.as_millis() as u64).max(1);
            if a_second > SPINS && still > STILL { Verdict::Spin } else { Verdict::Hang }
        };
        let limit = self.runner.limit();
        let is_still = self.runner.timeout.is_some() || still > STILL * busy();
        if took > limit && is_still || took > limit * MOST {
            return Some(verdict());
        }
        // What the checker has found need not be waited for.
        let is_late = took > self.runner.usual
            && still > STILL * busy()
            && self.runner.usual > Duration::ZERO;
        if is_late && self.looked.elapsed() > Duration::from_millis(200) {
            self.looked = Instant::now();
            let found = findings::read(self.folder);
            return findings::new(&found, &self.runner.known).map(|_| verdict());
        }
        None
    }
}

/// How many threads there are for each processor (proc_loadavg(5)), from 1 to [`MOST`]: a program on a busy machine
/// waits for its turn.
fn busy() -> u32 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: f64 = text.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(1.0);
    let processors = thread::available_parallelism().map_or(1, usize::from);
    ((load / processors as f64).ceil() as u32).clamp(1, MOST)
}

/// Whether a sanitizer has written a report (compiler-rt, `ReportErrorSummary`).
fn has_sanitizer(output: &Path) -> bool {
    let text = fs::read(output).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.lines().any(|line| line.contains("SUMMARY: ") && line.contains("Sanitizer"))
}

/// Its last lines.
fn end_of(output: &Path) -> String {
    const LINES: usize = 10;
    let text = fs::read(output).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}
