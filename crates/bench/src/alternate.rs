//! Small blocks that alternate: every subject is measured once a round, each round beginning with
//! another one, so that all of them see the same machine.

use crate::statistics::Median;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::convert::Infallible;

/// One subject of one benchmark.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// What was done.
    pub what: String,
    /// By whom.
    pub subject: String,
    /// Nanoseconds.
    pub time: Median,
    /// To the reference, in the same round.
    pub ratio: Median,
}

/// The times of each subject, one a round.
pub fn alternate(
    rounds: u32,
    subjects: usize,
    bar: &ProgressBar,
    mut block: impl FnMut(usize) -> f64,
) -> Vec<Vec<f64>> {
    let block = |which| Ok::<_, Infallible>(block(which));
    let Ok(times) = try_alternate(rounds, subjects, bar, block);
    times
}

/// What was found of each subject, one a round.
pub fn try_alternate<T, E>(
    rounds: u32,
    subjects: usize,
    bar: &ProgressBar,
    mut block: impl FnMut(usize) -> Result<T, E>,
) -> Result<Vec<Vec<T>>, E> {
    let mut found: Vec<_> = (0..subjects).map(|_| Vec::new()).collect();
    for round in 0..rounds as usize {
        for turn in 0..subjects {
            let which = (round + turn) % subjects;
            found[which].push(block(which)?);
        }
        bar.inc(1);
    }
    Ok(found)
}

/// The median of the ratios in each round.
pub fn ratio(times: &[f64], reference: &[f64]) -> Median {
    Median::of(times.iter().zip(reference).map(|(time, reference)| time / reference).collect())
}

/// A bar on stderr; nothing where that is no terminal. It draws only when a step is done: a
/// thread that draws would disturb what is measured.
pub fn progress(steps: u64, what: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:32} {wide_bar} {pos}/{len} {eta:>5}")
        .expect("a good template");
    ProgressBar::new(steps).with_style(style).with_message(what.to_owned())
}
