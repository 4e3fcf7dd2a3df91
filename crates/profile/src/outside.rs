//! A profile of a program that was watched from outside: of its calls only the ends are known.
//!
//! When a wait began is not: from the end of the call before it the thread may have worked, or waited. So turns are at
//! least as long as they seem, waits are at most, and whether a wait found events ready cannot be said.

use crate::document::{Figures, Kind, Measure, Profile};

/// What cannot be seen of such a program, beside what no profile has.
const NOT_SEEN: [&str; 4] = [
    "when a wait began: what the thread did between its last call and the wait is taken for waiting, and busy time, \
     utilisation and the length of turns are at least what is said",
    "whether events were ready before the wait, so how late they were served; how late timers were",
    "the stacks of slow turns",
    "what was before the watching began",
];

/// Takes back what is not known of such a program, and marks what is a bound.
pub fn from_outside(profile: &mut Profile) {
    profile.program.from_outside = true;
    let figures = &mut profile.figures;
    for least in [
        &mut figures.busy,
        &mut figures.utilisation,
        &mut figures.utilisation_max,
        &mut figures.turn_max,
        &mut figures.slow_turns,
    ] {
        least.kind = Kind::Least;
    }
    for most in [&mut figures.waiting, &mut figures.spinning] {
        most.kind = Kind::Bound;
    }
    for unknown in [
        &mut figures.blocked,
        &mut figures.returned_at_once,
        &mut figures.lag_p99,
        &mut figures.lag_max,
        &mut figures.late_p99,
        &mut figures.late_max,
        &mut figures.timer_late_p99,
        &mut figures.imbalance,
    ] {
        unknown.value = None;
    }
    for row in &mut profile.threads {
        (row.blocked, row.returned_at_once) = (None, 0);
    }
    profile.descriptors.iter_mut().for_each(|row| row.lag_max = 0);
    profile.timeline.lanes.iter_mut().for_each(|lane| lane.lag_max.fill(0));
    let is_known = |what: Measure| matches!(what, Measure::Turn | Measure::Delay | Measure::Batch);
    profile.histograms.retain(|histogram| is_known(histogram.what));
    profile.not_seen.extend(NOT_SEEN.map(str::to_owned));
}

/// The share of the time in which the threads that wait were on a processor: of such a program what comes closest to how
/// busy it is.
pub fn on_cpu(figures: &Figures) -> Option<f64> {
    let (on_cpu, looping) = (figures.on_cpu.number()?, figures.looping.number()?);
    (looping > 0.0).then(|| (on_cpu / looping).min(1.0))
}
