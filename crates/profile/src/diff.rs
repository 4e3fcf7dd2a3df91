//! Two profiles, in words: what became better or worse.
//!
//! What depends on how long a profile is, or on how much there was to do, is compared as a share or a rate. A change
//! of less than a tenth, or of less than it takes to matter, is none: two runs of one program are never equal.

use crate::document::{Figure, Figures, Measure, Profile};
use crate::words::{percent, time};

/// A smaller change is none.
const LEAST: f64 = 0.1;

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum As {
    Time,
    Share,
    Rate,
}

/// What is compared.
struct Row {
    name: &'static str,
    how: As,
    /// Which way is better; `None`: neither.
    less_is_better: Option<bool>,
    /// A smaller difference does not matter.
    least: f64,
    of: fn(&Profile) -> Option<f64>,
}

/// One way or the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It became worse.
    Worse,
    /// It became better.
    Better,
    /// It is another, and neither.
    Other,
}

/// What has changed, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Which way.
    pub change: Change,
    /// `lag p99: 9.1 ms, was 2.0 ms`.
    pub text: String,
}

const ROWS: [Row; 17] = [
    worse("slow turns a minute", As::Rate, 1.0, |it| a_minute(it, &it.figures.slow_turns)),
    worse("the longest turn", As::Time, 1e6, |it| it.figures.turn_max.number()),
    worse("turns p99", As::Time, 5e4, |it| p99(it, Measure::Turn)),
    worse("deliveries served late, up to, p99", As::Time, 1e5, |it| it.figures.late_p99.number()),
    worse("delay in the batch p99", As::Time, 1e5, |it| it.figures.delay_p99.number()),
    worse("timers late p99", As::Time, 1e6, |it| it.figures.timer_late_p99.number()),
    worse("busy", As::Share, 0.02, |it| it.figures.utilisation.number()),
    worse("busy time for a delivery", As::Time, 500.0, |it| for_one(it, &it.figures.busy)),
    worse("waiting for a processor, of the busy time", As::Share, 0.02, |it| {
        Some(it.figures.runnable.number()? / it.figures.busy.number()?.max(1.0))
    }),
    worse("waits that found work at once", As::Share, 0.05, |it| {
        it.figures.returned_at_once.number()
    }),
    worse("spinning", As::Share, 0.02, |it| of_looping(&it.figures, &it.figures.spinning)),
    worse("wake-ups that did nothing", As::Share, 0.02, |it| {
        Some((it.figures.wasted.number()? + it.figures.herd.number()?) / wakeups(it)?)
    }),
    worse("calls for a delivery", As::Rate, 0.1, |it| it.figures.calls_per_delivery.number()),
    worse("redundant epoll_ctl for a delivery", As::Rate, 0.05, |it| {
        for_one(it, &it.figures.redundant_ctl)
    }),
    worse("imbalance of the threads", As::Rate, 0.2, |it| it.figures.imbalance.number()),
    other("deliveries a second", As::Rate, 10.0, |it| a_second(it, &it.figures.deliveries)),
    other("bytes written a second", As::Rate, 1000.0, |it| a_second(it, &it.figures.bytes_out)),
];

const fn worse(name: &'static str, how: As, least: f64, of: fn(&Profile) -> Option<f64>) -> Row {
    Row { name, how, less_is_better: Some(true), least, of }
}

const fn other(name: &'static str, how: As, least: f64, of: fn(&Profile) -> Option<f64>) -> Row {
    Row { name, how, less_is_better: None, least, of }
}

fn seconds(profile: &Profile) -> Option<f64> {
    (profile.duration > 0).then_some(profile.duration as f64 / 1e9)
}

fn a_second(profile: &Profile, of: &Figure) -> Option<f64> {
    Some(of.number()? / seconds(profile)?)
}

fn a_minute(profile: &Profile, of: &Figure) -> Option<f64> {
    Some(of.number()? * 60.0 / seconds(profile)?)
}

fn for_one(profile: &Profile, of: &Figure) -> Option<f64> {
    let deliveries = profile.figures.deliveries.number().filter(|&all| all > 0.0)?;
    Some(of.number()? / deliveries)
}

fn of_looping(figures: &Figures, of: &Figure) -> Option<f64> {
    Some(of.number()? / figures.looping.number().filter(|&all| all > 0.0)?)
}

fn wakeups(profile: &Profile) -> Option<f64> {
    let all = profile.threads.iter().map(|row| row.wakeups).fold(0, u64::saturating_add);
    (all > 0).then_some(all as f64)
}

fn p99(profile: &Profile, what: Measure) -> Option<f64> {
    let of_it = profile.histograms.iter().find(|one| one.what == what)?;
    of_it.p99.map(|nanos| nanos as f64)
}

/// What has changed from the one to the other, the worse first.
#[must_use]
pub fn differences(before: &Profile, after: &Profile) -> Vec<Difference> {
    let mut all: Vec<_> = ROWS.iter().filter_map(|row| difference(row, before, after)).collect();
    all.extend(verdicts(before, after));
    all.sort_by_key(|one| one.change);
    all
}

fn difference(row: &Row, before: &Profile, after: &Profile) -> Option<Difference> {
    let (was, is) = ((row.of)(before)?, (row.of)(after)?);
    let change = (is - was).abs();
    if change < row.least || change < LEAST * was.max(is) {
        return None;
    }
    let written = |number: f64| match row.how {
        As::Time => time(number as u64),
        As::Share => percent(number),
        As::Rate if number < 100.0 => format!("{number:.2}"),
        As::Rate => format!("{number:.0}"),
    };
    let change = match row.less_is_better {
        None => Change::Other,
        Some(less) if (is < was) == less => Change::Better,
        Some(_) => Change::Worse,
    };
    Some(Difference {
        change,
        text: format!("{}: {}, was {}", row.name, written(is), written(was)),
    })
}

/// Verdicts that are new, and those that are gone.
fn verdicts(before: &Profile, after: &Profile) -> Vec<Difference> {
    let is_bad = |one: &&crate::document::Verdict| one.name != crate::document::VerdictName::Idle;
    let new = |of: &Profile, than: &Profile, change: Change, word: &str| {
        let of_them = of.verdicts.iter().filter(is_bad);
        let not_there = of_them.filter(|one| than.verdicts.iter().all(|two| two.name != one.name));
        let text = not_there.map(|one| format!("{word}: {}: {}", one.name.name(), one.text));
        text.map(|text| Difference { change, text }).collect::<Vec<_>>()
    };
    let mut all = new(after, before, Change::Worse, "a new verdict");
    all.extend(new(before, after, Change::Better, "no longer"));
    all
}
