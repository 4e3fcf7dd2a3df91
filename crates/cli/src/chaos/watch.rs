//! One run: the program starts, its test begins when it is ready, and what came of it is a verdict.
//!
//! Surprising: a run that takes long does not hang as long as bytes move: a machine may be busy.

use super::child::{Child, LOOK, code};
use super::findings;
use super::signals;
use super::terms::{MOST, Terms, busy};
use super::verdict::Verdict;
use epshim_ledger::Ledger;
use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

/// How long nothing moves before it is a hang.
const STILL: Duration = Duration::from_millis(1200);
/// Waits a second, in which nothing moves, of a program that spins.
const SPINS: u64 = 2000;

/// A run that goes on.
pub struct Watch<'a> {
    terms: &'a Terms,
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

impl<'a> Watch<'a> {
    pub fn new(terms: &'a Terms, folder: &'a Path, output: &'a Path, ledger: &'a Ledger) -> Self {
        let now = Instant::now();
        let (test, progress) = (None, ledger.progress());
        Self {
            terms,
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
    pub fn until_over(&mut self, child: &mut Child) -> io::Result<Option<Verdict>> {
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

    /// How long it took, and for how long nothing has moved.
    pub fn ends(self) -> (Duration, Duration) {
        (self.started.elapsed(), self.moved.elapsed())
    }

    fn test_ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.test.as_mut().map_or(Ok(None), Child::ended)
    }

    /// Starts the test, if there is one and the program is ready.
    fn start_test(&mut self) -> io::Result<()> {
        let Some(test) = self.terms.test.as_ref().filter(|_| self.is_ready()) else {
            return Ok(());
        };
        let mut command = Command::new("/bin/sh");
        command.args(["-c", test]).env("EPSHIM_CHAOS_OUTPUT", self.output);
        command.env_remove("LD_PRELOAD").env_remove("EPSHIM_OPTIONS");
        self.test = Some(Child::start(&mut command, &self.folder.join("test"))?);
        Ok(())
    }

    fn is_ready(&self) -> bool {
        self.terms
            .ready
            .as_ref()
            .map_or_else(|| self.ledger.has_listener(), |ready| ready.is(self.output))
    }

    /// The program has ended by itself.
    fn ended(&self, status: ExitStatus) -> Option<Verdict> {
        match code(status) {
            Err(signal) => Some(Verdict::Crash(signal)),
            Ok(0) if self.terms.test.is_none() => None,
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
        let limit = self.terms.limit();
        let is_still = self.terms.timeout.is_some() || still > STILL * busy();
        if took > limit && is_still || took > limit * MOST {
            return Some(verdict());
        }
        // What the checker has found need not be waited for.
        let is_late =
            took > self.terms.usual && still > STILL * busy() && self.terms.usual > Duration::ZERO;
        if is_late && self.looked.elapsed() > Duration::from_millis(200) {
            self.looked = Instant::now();
            let found = findings::read(self.folder);
            return findings::new(&found, &self.terms.known).map(|_| verdict());
        }
        None
    }
}
