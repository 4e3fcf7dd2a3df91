//! A slow turn's calls along its time, and those of them that are beside the gap, as a list.

use super::{cell, number, shown};
use crate::document::{Call, Profile, SlowTurn, Unit};
use maud::{Markup, html};
use std::fmt::Write as _;

/// Calls at the list's begin, and on each side of the gap.
const BESIDE: usize = 6;

/// The turn as a bar of 1,000: the gap, and a tick where a call returned.
pub(super) fn strip(turn: &SlowTurn) -> Markup {
    let x = |at: u64| {
        (at.saturating_sub(turn.at) as f64 * 1000.0 / turn.length.max(1) as f64).min(1000.0)
    };
    let (from, to) = (x(turn.gap.after.at), x(turn.gap.before.at));
    let mut ticks = String::new();
    for call in &turn.calls {
        let _ = write!(ticks, "M{:.1} 0V20", x(call.at));
    }
    html! {
        svg.strip viewBox="0 0 1000 20" preserveAspectRatio="none" role="img"
            aria-label={ "the turn's calls: " (turn.calls.len()) ", and the gap of " (number::duration(turn.gap.length)) } {
            rect.run width="1000" height="20" {}
            rect.gap x={ (format!("{from:.1}")) } width={ (format!("{:.1}", (to - from).max(0.0))) } height="20" {}
            path.tick d=(ticks) {}
        }
    }
}

/// The places in `calls` that are listed: the first, and those beside the gap.
fn listed(turn: &SlowTurn) -> Vec<usize> {
    let gap = turn.calls.partition_point(|call| call.at < turn.gap.before.at);
    let is_near = |place: usize| place < BESIDE || place.abs_diff(gap) <= BESIDE;
    (0..turn.calls.len()).filter(|place| is_near(*place)).collect()
}

pub(super) fn calls(profile: &Profile, turn: &SlowTurn) -> Markup {
    let listed = listed(turn);
    let rest = turn.calls_left_out.saturating_add((turn.calls.len() - listed.len()) as u64);
    html! {
        table.calls {
            thead { tr { th.n { "returned after" } th { "call" } th.n { "descriptor" } th.n { "asked" } th.n { "got" } th { "from" } } }
            tbody { @for place in listed { (row(profile, turn, &turn.calls[place])) } }
        }
        @if rest > 0 { p.note { (number::count(rest)) " calls more are not listed." } }
    }
}

fn row(profile: &Profile, turn: &SlowTurn, call: &Call) -> Markup {
    html! {
        tr {
            (cell::number(call.at.saturating_sub(turn.at), Unit::Ns))
            td { (shown::text(&call.what)) }
            td.n { @if let Some(fd) = call.fd { (fd) } }
            td.n { @if let Some(asked) = call.asked { (number::count(asked)) } }
            td.n {
                @if call.errno != 0 { "errno " (call.errno) }
                @else if let Some(got) = call.got { (number::count(got)) }
            }
            td { @if let Some(site) = cell::site(profile, call.site) { bdi.code { (site) } } }
        }
    }
}
