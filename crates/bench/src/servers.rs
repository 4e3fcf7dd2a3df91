//! Echo servers under traffic: this project's and the peers', in every scenario.
//!
//! The servers of a scenario stay up together, all pinned to one processor; the load generator has
//! another. The reference is measured twice, as two processes of the same program. All are started several
//! times, each time for a part of the rounds.

pub mod scenarios;
pub mod subjects;

use crate::alternate::progress;
use crate::instance::{Effort, Instance, alternate};
use crate::outcome::{Outcome, cost, ratio};
use crate::statistics::Median;
use crate::syscalls::Counter;
use scenarios::Scenario;
use serde::Serialize;
use std::error::Error;
use subjects::{AGAIN, OURS, REFERENCE, Subject};

/// How often each server is started: where the kernel puts its pages and sockets makes one process of a
/// program faster than another, by several per cent for streams. Once where there are idle connections to
/// be made.
const STARTS: u32 = 5;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// All servers in one scenario.
#[derive(Debug, Serialize)]
pub struct Outcomes {
    pub scenario: String,
    pub title: String,
    pub idle: usize,
    /// Whether the reference against itself read 1.00 within 1%.
    pub quiet: bool,
    pub syscalls_by: String,
    pub servers: Vec<Outcome>,
    /// The processor time of a message with the idle connections, to that without, for servers that
    /// were measured both ways.
    pub cost_of_idle: Vec<(String, Median)>,
}

/// Measures the subjects in one scenario; the first is the reference.
pub fn run(scenario: Scenario, subjects: &[Subject], effort: Effort) -> Result<Outcomes> {
    let idle = scenario.idle() / effort.fewer;
    let subjects = with_variants(scenario, subjects);
    let title = scenario.title(idle);
    let starts = if idle == 0 { (effort.rounds / 20).clamp(1, STARTS) } else { 1 };
    let bar = progress(subjects.len() as u64 + u64::from(effort.rounds / starts * starts), &title);
    let mut instances: Vec<Instance> = Vec::new();
    for start in 0..starts {
        let before = instances.drain(..).map(Instance::stop).collect::<Result<Vec<_>>>()?;
        for (i, subject) in subjects.iter().enumerate() {
            let idle = if subject.with_idle { idle } else { 0 };
            let commands = &mut [subject.command()];
            let mut instance = Instance::start(&subject.name, commands, scenario.shape(), idle)?;
            instance.slices = before.get(i).cloned().unwrap_or_default();
            instances.push(instance);
            bar.inc(u64::from(start == 0));
        }
        alternate(&mut instances, Effort { rounds: effort.rounds / starts, ..effort }, &bar)?;
    }
    let (syscalls_by, syscalls) = count_syscalls(&mut instances, effort)?;
    bar.finish_and_clear();
    let outcome = |(instance, syscalls): (&Instance, Option<f64>)| {
        Outcome::of(instance, &instances[0], syscalls)
    };
    let servers: Vec<Outcome> = instances.iter().zip(syscalls).map(outcome).collect();
    let again = servers.iter().find(|outcome| outcome.subject == AGAIN);
    let result = Outcomes {
        scenario: scenario.name(),
        title,
        idle,
        quiet: again.is_some_and(|again| (0.99..=1.01).contains(&again.ratio.value)),
        syscalls_by,
        cost_of_idle: cost_of_idle(&instances),
        servers,
    };
    instances.into_iter().try_for_each(|instance| instance.stop().map(drop))?;
    Ok(result)
}

/// The subjects, and what this scenario asks besides. Of this project's servers: to poll before they sleep,
/// and to do without the idle connections. Of the peers: streams with the buffer that our servers have, so
/// that it can be seen what the buffer brings and what the library.
fn with_variants(scenario: Scenario, subjects: &[Subject]) -> Vec<Subject> {
    let is_ours = |name: &str| name == REFERENCE || OURS.contains(&name);
    let ours = subjects.iter().filter(|subject| is_ours(&subject.name));
    let mut all = subjects.to_vec();
    if scenario == Scenario::One {
        all.extend(ours.clone().filter_map(Subject::spinning));
    }
    if scenario == Scenario::Streams {
        all.extend(subjects.iter().filter_map(Subject::with_our_buffer));
    }
    if scenario.idle() > 0 {
        all.extend(ours.map(Subject::without_idle));
    }
    all
}

/// System calls per message of each server, where anything can count them, and what counted.
fn count_syscalls(
    instances: &mut [Instance],
    effort: Effort,
) -> Result<(String, Vec<Option<f64>>)> {
    let mut by = String::new();
    let mut results = Vec::new();
    for instance in instances {
        let counter = match Counter::start(instance.servers[0].id()) {
            Ok(counter) => counter,
            Err(reason) => {
                by = format!("not counted: {reason}");
                results.push(None);
                continue;
            }
        };
        by = counter.name().to_owned();
        let before = instance.load.total();
        instance.load.slice(effort.slice * 2, &instance.servers)?;
        results.push(Some(counter.stop()? as f64 / (instance.load.total() - before) as f64));
    }
    Ok((by, results))
}

fn cost_of_idle(instances: &[Instance]) -> Vec<(String, Median)> {
    let without = |name: &str| {
        instances.iter().find(|instance| instance.name == format!("{name}, none idle"))
    };
    let pairs = instances.iter().filter_map(|instance| Some((instance, without(&instance.name)?)));
    pairs.map(|(with, without)| (with.name.clone(), ratio(with, without, cost))).collect()
}
