//! What broke, made again and shrunk.

use super::found::Found;
use super::run::{Ran, Runner};
use super::shrink::{Answer, shrink};
use super::verdict::Verdict;
use crate::launch::Failure;
use crate::output::shown;
use epshim_observe::fault::{Level, Plan, Planned};
use indicatif::ProgressBar;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Replays before the faults are taken away, and after it.
const BEFORE: u32 = 3;
const AFTER: u32 = 5;

/// What broke.
pub struct Broken {
    pub verdict: Verdict,
    pub seed: u64,
    /// Faults of the run that broke.
    pub before: usize,
    /// The faults that are enough.
    pub faults: Vec<Planned>,
    /// How many replays of them broke.
    pub replays: u32,
    pub replays_failed: u32,
    /// The last replay that broke, or the run.
    pub ran: Ran,
    /// How long it took to shrink.
    pub took: Duration,
}

impl Broken {
    /// Makes it again, and shrinks it.
    pub fn of(
        runner: &mut Runner,
        level: Level,
        found: Found,
        time: Duration,
    ) -> Result<Self, Failure> {
        let faults = found.planned();
        let Found { seed, ran } = found;
        let verdict = ran.verdict.clone().expect("it broke");
        let start = Instant::now();
        let mut broken = Self {
            verdict,
            seed,
            before: faults.len(),
            faults,
            replays: 0,
            replays_failed: 0,
            ran,
            took: Duration::ZERO,
        };
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(Duration::from_millis(200));
        let hits = broken.replay(runner, level, BEFORE)?;
        if hits > 0 && broken.faults.len() > 1 && !time.is_zero() {
            let times = repeats(f64::from(hits) / f64::from(BEFORE));
            let (verdict, until) = (broken.verdict.clone(), start + time);
            let ask = |list: &[Planned]| {
                if Instant::now() >= until {
                    return Ok(Answer::Stop);
                }
                bar.set_message(format!("{} faults", list.len()));
                let plan = Plan { faults: list.to_vec(), ..Plan::empty(level, seed) };
                for _ in 0..times {
                    let ran = runner.replay(&plan)?;
                    if ran.verdict.is_some_and(|other| other.is_like(&verdict)) {
                        return Ok(Answer::Breaks);
                    }
                }
                Ok(Answer::Passes)
            };
            broken.faults = shrink(std::mem::take(&mut broken.faults), ask)?;
        }
        broken.took = start.elapsed();
        if hits > 0 {
            broken.replay(runner, level, AFTER)?;
        }
        bar.finish_and_clear();
        Ok(broken)
    }

    /// Replays what is left. Returns how often it broke.
    fn replay(&mut self, runner: &mut Runner, level: Level, times: u32) -> Result<u32, Failure> {
        let plan = Plan { faults: self.faults.clone(), ..Plan::empty(level, self.seed) };
        (self.replays, self.replays_failed) = (times, 0);
        for _ in 0..times {
            let ran = runner.replay(&plan)?;
            if ran.verdict.as_ref().is_some_and(|other| other.is_like(&self.verdict)) {
                self.replays_failed += 1;
                self.ran = ran;
            }
        }
        Ok(self.replays_failed)
    }

    /// Writes the replay file into this folder, and returns its name.
    pub fn write(&self, runner: &Runner, level: Level) -> Result<PathBuf, String> {
        let name = &runner.program.identity.0;
        let path = PathBuf::from(format!("{name}-{}.chaos", self.seed));
        let plan = Plan {
            level,
            program: Some(runner.program.identity.clone()),
            seed: self.seed,
            verdict: Some(self.verdict.to_string()),
            faults: self.faults.clone(),
        };
        fs::write(&path, plan.to_string())
            .map_err(|error| format!("cannot write {}: {error}", shown(&path)))?;
        Ok(path)
    }
}

/// How often a list is tried before it is said to pass, where it breaks in this share of the cases: so that one
/// that breaks is not missed in 99 of 100.
fn repeats(share: f64) -> u32 {
    if share >= 1.0 {
        return 1;
    }
    (0.01_f64.ln() / (1.0 - share).ln()).ceil() as u32
}

#[cfg(test)]
mod tests {
    use super::repeats;

    #[test]
    fn what_breaks_seldom_is_tried_often() {
        assert_eq!([1.0, 2.0 / 3.0, 1.0 / 3.0].map(repeats), [1, 5, 12]);
    }
}
