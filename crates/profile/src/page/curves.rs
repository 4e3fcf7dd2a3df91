//! What the page's script draws: the timeline and the distributions, and the numbers for them.
//!
//! The numbers are in a block of JSON; lists of them are packed. Lanes are those of at most 64 threads, the busiest; the
//! curves have all threads.

use super::{cell, figures, number, pack, shown};
use crate::document::{Histogram, Lane, Measure, Profile, Unit};
use maud::{Markup, PreEscaped, html};
use serde::Serialize;

/// Threads that have a lane.
const LANES: usize = 64;
/// Columns of all lanes together; beyond, columns are merged in pairs.
const COLUMNS: usize = 1 << 16;

/// What the script reads.
#[derive(Serialize)]
struct Data {
    duration: u64,
    slow_limit: u64,
    width: u64,
    columns: usize,
    lane_width: u64,
    lanes: Vec<LaneData>,
    deliveries: String,
    bytes_in: String,
    bytes_out: String,
    lag_max: String,
    slow: Vec<(Option<usize>, u64, u64)>,
    findings: Vec<(Option<usize>, u64, String)>,
    drops: Vec<(u64, u64, u64)>,
    histograms: Vec<HistogramData>,
}

#[derive(Serialize)]
struct LaneData {
    thread: usize,
    name: String,
    busy: String,
    waiting: String,
    spinning: String,
    runnable: String,
    on_cpu: String,
    turns: String,
    turn_max: String,
    deliveries: String,
}

#[derive(Serialize)]
struct HistogramData {
    name: &'static str,
    unit: Unit,
    marks: [Option<u64>; 3],
    buckets: Vec<(u64, u64, u64)>,
}

/// The block of JSON that the script reads.
pub(super) fn data(profile: &Profile) -> Markup {
    let timeline = &profile.timeline;
    let chosen = chosen(profile);
    // No more than there are numbers for.
    let longest = timeline.lanes.iter().map(|lane| lane.busy.len()).max();
    let columns = timeline.columns.min(longest.unwrap_or(0));
    let pairs = pairs(columns, chosen.len());
    let all = |list: fn(&Lane) -> &Vec<u64>, join: fn(u64, u64) -> u64| {
        let of_column = |column| {
            timeline.lanes.iter().filter_map(|lane| list(lane).get(column).copied()).fold(0, join)
        };
        pack::list((0..columns).map(of_column))
    };
    let place = |pid, tid| cell::lane(profile, pid, tid);
    let data = Data {
        duration: profile.duration,
        slow_limit: profile.slow_limit,
        width: timeline.width,
        columns,
        lane_width: timeline.width << pairs,
        lanes: chosen.iter().map(|thread| lane(profile, *thread, pairs)).collect(),
        deliveries: all(|lane| &lane.deliveries, u64::saturating_add),
        bytes_in: all(|lane| &lane.bytes_in, u64::saturating_add),
        bytes_out: all(|lane| &lane.bytes_out, u64::saturating_add),
        lag_max: all(|lane| &lane.lag_max, u64::max),
        slow: profile
            .slow_turns
            .iter()
            .map(|turn| (place(turn.pid, turn.tid), turn.at, turn.length))
            .collect(),
        findings: profile
            .findings
            .iter()
            .map(|one| (place(one.pid, one.tid), one.at, shown::text(&one.rule).into_owned()))
            .collect(),
        drops: profile.drops.spans.iter().map(|span| (span.from, span.to, span.records)).collect(),
        histograms: profile.histograms.iter().map(histogram).collect(),
    };
    html! { script #profile type="application/json" { (PreEscaped(shown::json(&data))) } }
}

/// The threads that have a lane, in their order.
fn chosen(profile: &Profile) -> Vec<usize> {
    let mut threads: Vec<usize> =
        (0..profile.threads.len().min(profile.timeline.lanes.len())).collect();
    threads.sort_by_key(|thread| std::cmp::Reverse(profile.threads[*thread].busy));
    threads.truncate(LANES);
    threads.sort_unstable();
    threads
}

/// How often columns are merged in pairs.
fn pairs(columns: usize, lanes: usize) -> u32 {
    (0..).find(|pairs| (columns >> pairs) * lanes <= COLUMNS).unwrap_or(0)
}

fn lane(profile: &Profile, thread: usize, pairs: u32) -> LaneData {
    let lane = &profile.timeline.lanes[thread];
    let row = &profile.threads[thread];
    let merged = |list: &[u64], join: fn(u64, u64) -> u64| {
        pack::list(list.chunks(1 << pairs).map(|columns| columns.iter().copied().fold(0, join)))
    };
    let sum = |list: &[u64]| merged(list, u64::saturating_add);
    LaneData {
        thread,
        name: cell::thread(profile, row.pid, row.tid),
        busy: sum(&lane.busy),
        waiting: sum(&lane.waiting),
        spinning: sum(&lane.spinning),
        runnable: sum(&lane.runnable),
        on_cpu: sum(&lane.on_cpu),
        turns: sum(&lane.turns),
        turn_max: merged(&lane.turn_max, u64::max),
        deliveries: sum(&lane.deliveries),
    }
}

fn histogram(one: &Histogram) -> HistogramData {
    let buckets = one.buckets.iter().map(|bucket| (bucket.from, bucket.to, bucket.count)).collect();
    HistogramData {
        name: words(one.what),
        unit: one.unit,
        marks: [one.p50, one.p99, one.max],
        buckets,
    }
}

/// Where the script draws the timeline.
pub(super) fn timeline(profile: &Profile) -> Markup {
    if profile.timeline.columns == 0 || profile.timeline.lanes.is_empty() {
        return html! {};
    }
    let without = profile.timeline.lanes.len().saturating_sub(LANES);
    html! {
        section #timeline {
            h2 { "Timeline" }
            noscript { p.note { "The timeline needs a script. Everything else on this page does not." } }
            div.drawn hidden {
                p.tools role="group" aria-label="What the timeline shows" {
                    button type="button" data-do="in" title="zoom in (+)" { "+" }
                    button type="button" data-do="out" title="zoom out (−)" { "−" }
                    button type="button" data-do="left" title="earlier (←)" { "←" }
                    button type="button" data-do="right" title="later (→)" { "→" }
                    button type="button" data-do="all" title="the whole run (0)" { "all" }
                    output #shown {}
                }
                div #lanes tabindex="0" role="img" aria-label="A lane a thread: how busy it was. The tables have the numbers." { canvas {} }
                p.note { (signs(profile)) }
                p #under.note { "Drag to zoom in. Turn the wheel with Ctrl, or after a click." }
                @if without > 0 { p.note { (without) " threads that were less busy have no lane." } }
                div #curves {}
            }
        }
    }
}

/// What flags and the like mean, of those that are there.
fn signs(profile: &Profile) -> String {
    let signs = [
        (!profile.slow_turns.is_empty(), "A flag is a slow turn."),
        (!profile.findings.is_empty(), "A diamond is what the checker found."),
        (
            !profile.drops.spans.is_empty(),
            "Where it is hatched, records were lost, and figures are too low.",
        ),
    ];
    let words: Vec<&str> =
        signs.into_iter().filter(|(is_there, _)| *is_there).map(|(_, words)| words).collect();
    words.join(" ")
}

/// The distributions: as a table, and where the script draws them.
pub(super) fn distributions(profile: &Profile) -> Markup {
    if profile.histograms.iter().all(|one| one.count == 0) {
        return html! {};
    }
    html! {
        section #distributions {
            h2 { "Distributions" }
            div #histograms hidden {}
            div.scroll tabindex="0" { table #histogram-table {
                thead { tr {
                    th scope="col" { "of" } th scope="col" { "kind" }
                    @for name in ["count", "least", "p50", "p90", "p99", "p99.9", "greatest"] { th.n scope="col" { (name) } }
                } }
                tbody { @for one in &profile.histograms { tr {
                    th scope="row" { (words(one.what)) }
                    td { (figures::kind(one.kind)) }
                    td.n data-v=(one.count) { (number::count(one.count)) }
                    @for value in [one.min, one.p50, one.p90, one.p99, one.p999, one.max] { (cell::known(value, one.unit)) }
                } } }
            } }
        }
    }
}

/// What is distributed, in words.
const fn words(what: Measure) -> &'static str {
    match what {
        Measure::Turn => "turns",
        Measure::Wait => "waits",
        Measure::Lag => "lag, at most",
        Measure::Delay => "delay in the batch",
        Measure::Late => "lag until served, at most",
        Measure::Batch => "events of a wait",
        Measure::Timer => "lateness of timers",
    }
}
