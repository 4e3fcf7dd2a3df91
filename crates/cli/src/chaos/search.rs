//! The search for a break: seeds, one after another, or a sweep, or a replay.

use super::found::Found;
use super::json::Lines;
use super::program::Luck;
use super::progress::Progress;
use super::run::{Ran, Runner};
use crate::args::ChaosOptions;
use crate::launch::Failure;
use crate::output::shown;
use epshim_attach::gather::since_1970;
use epshim_observe::fault::{Faults, Level, Plan, Planned};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Runs, if nothing else is said.
const RUNS: u64 = 20;
/// The most accepts, connects and registrations of a sweep, of each kind.
const SWEPT: usize = 50;

/// What is searched.
pub struct Search {
    way: Way,
    /// The first seed.
    pub seed: u64,
    pub level: Level,
    program: String,
}

enum Way {
    Runs(u64),
    Time(Duration),
    Sweep,
    Replay(Plan),
}

impl Search {
    pub fn new(options: &ChaosOptions, plan: Option<Plan>, level: Level) -> Self {
        let seed = options.seed.or(plan.as_ref().map(|plan| plan.seed)).unwrap_or_else(drawn);
        let level = plan.as_ref().map_or(level, |plan| plan.level);
        let program = options.command.iter().map(shown).collect::<Vec<_>>().join(" ");
        let way = match (plan, options.time, options.sweep) {
            (Some(plan), ..) => Way::Replay(plan),
            (_, Some(time), _) => Way::Time(time),
            (.., true) => Way::Sweep,
            _ => Way::Runs(options.runs.unwrap_or(if options.seed.is_some() { 1 } else { RUNS })),
        };
        Self { way, seed, level, program }
    }

    /// The first line.
    pub fn greeting(&self) -> String {
        let how = match &self.way {
            Way::Runs(1) => "one run".to_owned(),
            Way::Runs(runs) => format!("{runs} runs"),
            Way::Time(time) => format!("{} s", time.as_secs()),
            Way::Sweep => "a sweep".to_owned(),
            Way::Replay(plan) => format!("a replay of {} faults", plan.faults.len()),
        };
        format!("epshim chaos: seed {}, level {}, {how}: {}", self.seed, self.level, self.program)
    }

    /// Whether the faults are given.
    pub fn is_replay(&self) -> bool {
        matches!(self.way, Way::Replay(_))
    }

    /// Searches until something breaks.
    pub fn go(&self, runner: &mut Runner, lines: &mut Lines) -> Result<Option<Found>, Failure> {
        let bar = Progress::new(match &self.way {
            Way::Runs(runs) => Some(*runs),
            Way::Replay(_) => Some(1),
            Way::Time(_) | Way::Sweep => None,
        });
        let found = match &self.way {
            Way::Runs(runs) => self.seeds(runner, lines, &bar, |run, _| run < *runs),
            Way::Time(time) => self.seeds(runner, lines, &bar, |_, since| since.elapsed() < *time),
            Way::Sweep => self.sweep(runner, lines, &bar),
            Way::Replay(plan) => {
                bar.says("replay", &runner.total);
                let ran = runner.replay(plan)?;
                Ok(self.judge(self.seed, ran, lines))
            }
        };
        bar.end();
        found
    }

    fn seeds(
        &self,
        runner: &mut Runner,
        lines: &mut Lines,
        bar: &Progress,
        goes_on: impl Fn(u64, Instant) -> bool,
    ) -> Result<Option<Found>, Failure> {
        let since = Instant::now();
        let mut run = 0;
        while goes_on(run, since) {
            let seed = self.seed.wrapping_add(run);
            bar.says(&format!("seed {seed}"), &runner.total);
            let ran = runner.run(Luck::Seed(seed))?;
            bar.step();
            if let Some(found) = self.judge(seed, ran, lines) {
                return Ok(Some(found));
            }
            run += 1;
        }
        Ok(None)
    }

    /// One fault a run: of each kind a run with all that there can be says which ones.
    fn sweep(
        &self,
        runner: &mut Runner,
        lines: &mut Lines,
        bar: &Progress,
    ) -> Result<Option<Found>, Failure> {
        for fault in runner.program.faults.iter() {
            bar.says(fault.name(), &runner.total);
            let all = runner.run(Luck::All(Faults(fault.bit())))?;
            let mut sites = BTreeSet::new();
            let is_first = |site: Option<u32>, offset: u64| sites.insert((site, offset.min(1)));
            let swept = first_of_each(&all, is_first);
            if let Some(found) = self.judge(self.seed, all, lines) {
                return Ok(Some(found));
            }
            for planned in swept {
                bar.says(&planned.name.to_string(), &runner.total);
                let plan = Plan { faults: vec![planned], ..Plan::empty(self.level, self.seed) };
                let ran = runner.replay(&plan)?;
                bar.step();
                if let Some(found) = self.judge(self.seed, ran, lines) {
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    }

    fn judge(&self, seed: u64, ran: Ran, lines: &mut Lines) -> Option<Found> {
        lines.run(seed, self.level, &ran);
        ran.verdict.is_some().then_some(Found { seed, ran })
    }
}

/// Of each call site the first fault, and the first behind the beginning of a stream.
fn first_of_each(ran: &Ran, mut is_first: impl FnMut(Option<u32>, u64) -> bool) -> Vec<Planned> {
    let made = ran.made.iter().filter(|made| is_first(made.site, made.name.offset));
    made.map(|made| Planned { name: made.name, gives: made.gives }).take(SWEPT).collect()
}

/// A seed that is another one each time, and short enough to be said.
fn drawn() -> u64 {
    since_1970().as_nanos() as u64 / 1000 % 1_000_000
}
