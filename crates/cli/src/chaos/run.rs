//! Runs, one after another: the baseline without faults, and those with luck. `watch.rs` is what goes on in one.

use super::child::Child;
use super::findings;
use super::ledger::Shared;
use super::program::{Luck, Program};
use super::signals;
use super::terms::Terms;
use super::total::Total;
use super::verdict::Verdict;
use super::watch::Watch;
use super::written;
use crate::args::ChaosOptions;
use crate::launch::Failure;
use crate::output::shown;
use epshim_ledger::{Made, Place};
use epshim_observe::fault::Sites;
use epshim_report::read::Finding;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Runs without faults that must pass.
const BASELINE: usize = 3;
/// The exit code of a shell that a signal has ended.
const INTERRUPTED: u8 = 128;

/// What a run came to.
#[derive(Debug)]
pub struct Ran {
    pub verdict: Option<Verdict>,
    /// It passed, and took more than 10 times as long as without faults: no verdict, for a machine may be busy.
    pub is_slow: bool,
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
    terms: Terms,
    pub total: Total,
    number: u64,
}

impl Runner {
    pub fn new(program: Program, folder: &Path, options: &ChaosOptions) -> Self {
        Self {
            program,
            folder: folder.to_owned(),
            terms: Terms::new(options),
            total: Total::default(),
            number: 0,
        }
    }

    /// Runs without faults, which must pass. The error says what to do.
    pub fn baseline(&mut self) -> Result<Result<(), String>, Failure> {
        for run in 1..=BASELINE {
            let ran = self.run(Luck::None)?;
            let found = ran.findings.iter().map(findings::key);
            self.terms.known.extend(found);
            self.terms.usual = self.terms.usual.max(ran.took);
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

    /// How long it takes without faults.
    pub fn usual(&self) -> Duration {
        self.terms.usual
    }

    /// Whether a call was seen that a fault can be made of.
    pub fn has_sites(&self) -> bool {
        !self.total.sites.is_empty()
    }

    /// From now on only these places have faults.
    pub fn choose(&mut self, sites: &Sites) -> Result<(), Failure> {
        let path = self.folder.join("sites");
        let failed = |error: io::Error| Failure::own(format!("{}: {error}", shown(&path)));
        fs::write(&path, sites.to_string()).map_err(failed)?;
        self.program.sites = Some(path);
        Ok(())
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
        let mut watch = Watch::new(&self.terms, folder, &output, ledger);
        let verdict = watch.until_over(&mut child);
        let (took, still) = watch.ends();
        child.end()?;
        let verdict = verdict?;
        let is_sanitizer = written::has_sanitizer(&output);
        let found = findings::read(folder);
        let new = findings::new(&found, &self.terms.known).map(|finding| finding.rule.clone());
        let verdict = match verdict {
            Some(Verdict::Crash(signal)) => Some(Verdict::Crash(signal)),
            _ if is_sanitizer => Some(Verdict::Sanitizer),
            other => other.or(new.map(Verdict::Finding)),
        };
        let made: Vec<Made> = ledger.entries().collect();
        let is_slow = verdict.is_none() && self.terms.is_slow(took, &made);
        self.total.add(ledger, verdict.is_some());
        self.total.slowest = self.total.slowest.max(if is_slow { took } else { Duration::ZERO });
        self.total.slow += u64::from(is_slow);
        Ok(Ran {
            is_slow,
            took,
            still,
            verdict,
            made,
            places: (0..).map_while(|site| Some((site, ledger.place(site)?))).collect(),
            findings: found,
            faults: ledger.count(),
            illegal: ledger.illegal(),
            written: written::end_of(&output),
            pid: child.id(),
        })
    }
}
