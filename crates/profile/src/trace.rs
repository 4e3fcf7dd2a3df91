//! The profile as a trace that Perfetto and Chrome read: the latest turns and the slow ones, each with the calls that are
//! known of it, on a track for each thread; columns as counters; findings as marks.
//!
//! It is the JSON form ("Trace Event Format"): times are microseconds. On a track nothing overlaps but what lies within
//! another. A call was seen when it returned: its span is from the one before in the turn.
//!
//! Surprising: a slow turn that is among the latest too is written once.

use crate::document::{Lane, Profile, SlowTurn, Turns};
use crate::place_names;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::io::{self, Write};

/// At most as many counters of a lane.
const COUNTERS: usize = 3;

/// Writes it.
///
/// # Errors
///
/// Those of `to`.
pub fn write(profile: &Profile, to: &mut impl Write) -> io::Result<()> {
    let mut events = Events { to, has_begun: false };
    events.to.write_all(b"{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n")?;
    for thread in &profile.threads {
        let name = thread.name.clone().unwrap_or_else(|| format!("thread {}", thread.tid));
        let args = json!({ "name": name });
        let name = "thread_name";
        events.put(
            &json!({"ph": "M", "name": name, "pid": thread.pid, "tid": thread.tid, "args": args}),
        )?;
    }
    let mut written = HashSet::new();
    for turn in &profile.slow_turns {
        written.insert((turn.pid, turn.tid, turn.at));
        slow(profile, turn, &mut events)?;
    }
    for turns in &profile.turns {
        latest(turns, &written, &mut events)?;
    }
    for lane in &profile.timeline.lanes {
        counters(profile.timeline.width, lane, &mut events)?;
    }
    for finding in &profile.findings {
        let args = json!({ "what": finding.what, "certainty": finding.certainty });
        events.put(&json!({
            "ph": "i", "s": "t", "name": finding.rule, "ts": micros(finding.at),
            "pid": finding.pid, "tid": finding.tid, "args": args
        }))?;
    }
    events.to.write_all(b"\n]}\n")
}

struct Events<'a, W> {
    to: &'a mut W,
    has_begun: bool,
}

impl<W: Write> Events<'_, W> {
    fn put(&mut self, event: &impl Serialize) -> io::Result<()> {
        if std::mem::replace(&mut self.has_begun, true) {
            self.to.write_all(b",\n")?;
        }
        Ok(serde_json::to_writer(&mut *self.to, event)?)
    }

    fn span(
        &mut self,
        of: (i32, i32),
        name: &str,
        from: u64,
        to: u64,
        args: Value,
    ) -> io::Result<()> {
        let (pid, tid) = of;
        let (ts, dur) = (micros(from), micros(to.saturating_sub(from)));
        self.put(&json!({
            "ph": "X", "name": name, "pid": pid, "tid": tid, "ts": ts, "dur": dur, "args": args
        }))
    }
}

fn micros(nanos: u64) -> f64 {
    nanos as f64 / 1e3
}

fn slow(profile: &Profile, turn: &SlowTurn, events: &mut Events<'_, impl Write>) -> io::Result<()> {
    let of = (turn.pid, turn.tid);
    let args = json!({
        "deliveries": turn.deliveries, "fd": turn.fd, "peer": turn.peer,
        "longest time without a call": micros(turn.gap.length),
    });
    let end = turn.at.saturating_add(turn.length);
    events.span(of, "slow turn", turn.at, end, args)?;
    let mut from = turn.at;
    for call in &turn.calls {
        let until = call.at.clamp(from, end);
        let site = call.site.and_then(|site| profile.sites.get(site));
        let name = match site.filter(|row| !row.name.is_empty()) {
            Some(row) => format!("{} ({})", call.what, row.name),
            None => call.what.clone(),
        };
        let args =
            json!({ "fd": call.fd, "asked": call.asked, "got": call.got, "errno": call.errno });
        events.span(of, &name, from, until, args)?;
        from = until;
    }
    let samples = turn.stacks.iter().filter_map(|stack| {
        let place = stack.places.first().map(place_names::place)?;
        Some(json!({ "samples": stack.samples, "call": stack.call, "in": place }))
    });
    let samples: Vec<_> = samples.collect();
    if !samples.is_empty() {
        let (pid, tid) = of;
        events.put(&json!({
            "ph": "i", "s": "t", "name": "samples", "pid": pid, "tid": tid,
            "ts": micros(turn.at), "args": { "samples": samples }
        }))?;
    }
    Ok(())
}

fn latest(
    turns: &Turns,
    written: &HashSet<(i32, i32, u64)>,
    events: &mut Events<'_, impl Write>,
) -> io::Result<()> {
    let mut at = turns.from;
    let rows = turns.after.iter().zip(&turns.length).zip(&turns.deliveries);
    for ((after, length), deliveries) in rows {
        at = at.saturating_add(*after);
        if !written.contains(&(turns.pid, turns.tid, at)) {
            let of = (turns.pid, turns.tid);
            events.span(
                of,
                "turn",
                at,
                at.saturating_add(*length),
                json!({ "deliveries": deliveries }),
            )?;
        }
    }
    Ok(())
}

fn counters(width: u64, lane: &Lane, events: &mut Events<'_, impl Write>) -> io::Result<()> {
    let all: [(&str, &Vec<u64>); COUNTERS] =
        [("busy", &lane.busy), ("deliveries", &lane.deliveries), ("bytes out", &lane.bytes_out)];
    for (name, cells) in all {
        let name = format!("{name}, thread {}", lane.tid);
        let mut before = None;
        for (column, &cell) in cells.iter().enumerate() {
            // A counter stays what it is until it is another.
            if before.replace(cell) != Some(cell) {
                let ts = micros((column as u64).saturating_mul(width));
                events.put(&json!({
                    "ph": "C", "name": name, "pid": lane.pid, "ts": ts, "args": { "value": cell }
                }))?;
            }
        }
    }
    Ok(())
}
