//! Slow turns: when, how long, what it did, and both neighbours of its longest gap.

use super::{cell, number, shown, stack, strip};
use crate::document::{Neighbour, Profile, SlowTurn, Unit};
use maud::{Markup, html};

pub(super) fn section(profile: &Profile) -> Markup {
    html! {
        section #turns {
            h2 { "Slow turns" }
            @if profile.slow_turns.is_empty() {
                p { "No turn took more than " (number::duration(profile.slow_limit)) "." }
            } @else {
                p.note {
                    "Turns of more than " (number::duration(profile.slow_limit)) ", the longest first. "
                    "A row opens to the calls beside the turn's longest gap, and to what samples saw in it."
                    @if profile.slow_turns_left_out > 0 {
                        " " (number::count(profile.slow_turns_left_out)) " shorter ones are not listed."
                    }
                }
                div.scroll tabindex="0" { table.sortable #turn-table {
                    thead { tr {
                        (cell::head("at", true, "since the profile's begin"))
                        (cell::head("took", true, ""))
                        (cell::head("what it did", false, ""))
                        (cell::head("descriptor", true, "that the gap is about"))
                        (cell::head("thread", false, ""))
                        (cell::head("on cpu", true, "a bound"))
                        (cell::head("runnable", true, "waiting for a processor; a bound"))
                        (cell::head("blocked", true, "neither; a bound"))
                        (cell::head("deliveries", true, ""))
                    } }
                    tbody { @for (place, turn) in profile.slow_turns.iter().enumerate() { (row(profile, place, turn)) } }
                } }
            }
        }
    }
}

fn row(profile: &Profile, place: usize, turn: &SlowTurn) -> Markup {
    let name = format!("turn-{place}");
    let lane = cell::lane(profile, turn.pid, turn.tid);
    html! {
        tr.turn id=(name) data-turn=(place) {
            (cell::at(turn.at, (turn.at, turn.at.saturating_add(turn.length)), &name, lane))
            (cell::number(turn.length, Unit::Ns))
            td.what { (what(profile, turn)) }
            td.n data-v=(turn.fd.unwrap_or(-1)) {
                @if let Some(fd) = turn.fd { (fd) }
                @if let Some(peer) = &turn.peer { br; bdi.peer { (shown::text(peer)) } }
            }
            td { bdi { (cell::thread(profile, turn.pid, turn.tid)) } }
            @for time in [turn.on_cpu, turn.runnable, turn.blocked] { (cell::known(time, Unit::Ns)) }
            (cell::number(turn.deliveries, Unit::Count))
        }
    }
}

fn what(profile: &Profile, turn: &SlowTurn) -> Markup {
    html! {
        details {
            summary {
                (number::duration(turn.gap.length)) " between "
                (neighbour(profile, &turn.gap.after)) " and " (neighbour(profile, &turn.gap.before))
                @if turn.is_open { strong { " (it had not ended)" } }
                @if let Some(top) = stack::top(&turn.stacks) { span.top { (top) } }
            }
            (strip::strip(turn))
            dl.gap {
                dt { "before the gap" } dd.after { (neighbour_in_full(profile, turn, &turn.gap.after)) }
                dt { "ended by" } dd.before { (neighbour_in_full(profile, turn, &turn.gap.before)) }
                dt { "delivered" } dd { (served(turn)) }
            }
            (stack::list(&turn.stacks))
            (strip::calls(profile, turn))
        }
    }
}

/// In a sentence: `read (on_readable http.c:88)`, `the next wait`.
fn neighbour(profile: &Profile, neighbour: &Neighbour) -> Markup {
    let words = match &*neighbour.what {
        "wait returned" => "the wait's return".into(),
        "wait" => "the next wait".into(),
        "end" => "the end".into(),
        what => shown::text(what),
    };
    html! {
        (words)
        @if let Some(site) = cell::site(profile, neighbour.site) { " (" bdi.code { (site) } ")" }
    }
}

fn neighbour_in_full(profile: &Profile, turn: &SlowTurn, beside: &Neighbour) -> Markup {
    html! {
        (neighbour(profile, beside))
        @if let Some(fd) = beside.fd { ", descriptor " (fd) }
        ", " (number::duration(beside.at.saturating_sub(turn.at))) " into the turn"
    }
}

fn served(turn: &SlowTurn) -> Markup {
    let rest = turn.deliveries.saturating_sub(turn.served.len() as u64);
    html! {
        @for (index, one) in turn.served.iter().enumerate() {
            @if index > 0 { ", " }
            @match one.fd {
                Some(fd) => { "descriptor " (fd) }
                None => { "data " (format!("{:#x}", one.data)) }
            }
            " " span.events { (events(one.events)) }
        }
        @if turn.served.is_empty() { "nothing: a timeout, or a signal" }
        @if rest > 0 { ", and " (number::count(rest)) " more" }
    }
}

/// Events by their names, as epoll_ctl(2) has them.
fn events(events: u32) -> String {
    let names =
        [(0x1, "IN"), (0x2, "PRI"), (0x4, "OUT"), (0x8, "ERR"), (0x10, "HUP"), (0x2000, "RDHUP")];
    let known = names.iter().filter(|(bit, _)| events & bit != 0);
    let mut words: Vec<String> = known.clone().map(|(_, name)| (*name).to_string()).collect();
    let rest = known.fold(events, |rest, (bit, _)| rest & !bit);
    if rest != 0 {
        words.push(format!("{rest:#x}"));
    }
    words.join("|")
}
