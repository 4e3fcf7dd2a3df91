//! Descriptors: what was delivered on each, and what it moved.

use super::{cell, number, shown};
use crate::document::{DescriptorRow, Profile, Unit};
use maud::{Markup, html};
use std::fmt::Write as _;

/// Heading, whether it is of numbers, what it means.
const HEADS: [(&str, bool, &str); 18] = [
    ("descriptor", true, "its number; a row is from its first sight to its close"),
    ("kind", false, ""),
    ("peer", false, "the address of the other end"),
    ("activity", true, "bytes in and out along the run; sorted by their sum"),
    ("deliveries", true, ""),
    ("in", true, "bytes read"),
    ("out", true, "bytes written"),
    ("calls", true, "reads, writes and accepts"),
    ("EAGAIN", true, "calls that returned it"),
    ("short", true, "writes that were short"),
    ("peer-blocked", true, "from a write that was short or found no room to the next byte written"),
    ("lag", true, "a delivery was ready at most so long before its wait returned; a bound"),
    ("delay", true, "the longest time from a wait's return to the first call"),
    ("idle", true, "the longest time without a delivery or a call"),
    (
        "wasted",
        true,
        "deliveries after which nothing was done, and those whose first call was EAGAIN",
    ),
    ("ctl", true, "calls of epoll_ctl"),
    ("opened", true, "when it was first seen, since the profile's begin"),
    ("sites", false, "call sites that used it"),
];

pub(super) fn section(profile: &Profile) -> Markup {
    if profile.descriptors.is_empty() {
        return html! {};
    }
    html! {
        section #descriptors {
            h2 { "Descriptors" }
            @if profile.descriptors_left_out > 0 {
                p.note { "Those with the most deliveries; " (number::count(profile.descriptors_left_out)) " are not listed." }
            }
            div.scroll tabindex="0" { table.sortable.filtered #descriptor-table {
                thead { tr { @for (name, is_number, what) in HEADS { (cell::head(name, is_number, what)) } } }
                tbody { @for (place, row) in profile.descriptors.iter().enumerate() { (line(profile, place, row)) } }
            } }
        }
    }
}

fn line(profile: &Profile, place: usize, row: &DescriptorRow) -> Markup {
    let calls = row.reads.saturating_add(row.writes).saturating_add(row.accepts);
    html! {
        tr id={ "descriptor-" (place) } {
            td.n data-v=(row.fd) { (row.fd) @if profile.processes.len() > 1 { span.process { " of " (row.pid) } } }
            td { (shown::text(&row.kind)) }
            td { @if let Some(peer) = &row.peer { bdi.peer { (shown::text(peer)) } } }
            td.n data-v=(number::sum(&row.activity)) { (spark(&row.activity)) }
            (cell::number(row.deliveries, Unit::Count))
            @for bytes in [row.bytes_in, row.bytes_out] { (cell::number(bytes, Unit::Bytes)) }
            @for count in [calls, row.again, row.short_writes] { (cell::number(count, Unit::Count)) }
            @for time in [row.peer_blocked, row.lag_max, row.delay_max, row.idle_max] { (cell::number(time, Unit::Ns)) }
            @for count in [row.wasted.saturating_add(row.herd), row.ctl_calls] { (cell::number(count, Unit::Count)) }
            td.n data-v=(row.from) {
                (number::duration(row.from))
                @if let Some(closed) = row.closed { " – " (number::duration(closed)) }
            }
            td { (cell::sites(profile, &row.sites)) }
        }
    }
}

/// Bytes along the run, as a small area: each part's height is its share of the greatest.
fn spark(activity: &[u64]) -> Markup {
    let most = activity.iter().copied().max().unwrap_or(0);
    if most == 0 {
        return html! {};
    }
    let width = 96.0 / activity.len() as f64;
    let mut path = "M0 16".to_string();
    for (place, bytes) in activity.iter().enumerate() {
        let y = 16.0 - *bytes as f64 * 15.0 / most as f64;
        let _ =
            write!(path, "L{:.0} {y:.0}H{:.0}", place as f64 * width, (place + 1) as f64 * width);
    }
    path.push_str("V16Z");
    html! { svg.spark viewBox="0 0 96 16" aria-hidden="true" { path d=(path) {} } }
}
