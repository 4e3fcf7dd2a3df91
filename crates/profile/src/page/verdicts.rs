//! What is wrong, in words, before anything else; each verdict with its test and the way to what it is about.

use super::{cell, number, shown};
use crate::document::{Figure, Profile, Verdict};
use maud::{Markup, html};

pub(super) fn section(profile: &Profile) -> Markup {
    html! {
        section #verdict aria-label="Verdict" {
            @for (index, verdict) in profile.verdicts.iter().enumerate() {
                (one(profile, verdict, index == 0))
            }
            (overview(profile))
        }
    }
}

fn one(profile: &Profile, verdict: &Verdict, is_main: bool) -> Markup {
    html! {
        article.verdict.main[is_main] data-name=(verdict.name.name()) {
            h2 { span.name { (verdict.name.name()) } }
            p.text { (shown::text(&verdict.text)) }
            @if !verdict.advice.is_empty() {
                p.advice { (shown::text(&verdict.advice)) }
            }
            p.grounds {
                (links(profile, verdict))
                span { "Because " (shown::text(&verdict.test)) @if !verdict.grounds.is_empty() { ": " } (grounds(verdict)) }
            }
        }
    }
}

fn grounds(verdict: &Verdict) -> Markup {
    html! {
        @for (index, ground) in verdict.grounds.iter().enumerate() {
            @if index > 0 { ", " }
            data value=(ground.value) { (shown::text(&ground.what).replace('_', " ")) " is " (plain(ground.value)) }
            " (limit " (plain(ground.limit)) ")"
        }
    }
}

/// A number of which the unit is not known: at most three places.
fn plain(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        let sign = if value < 0.0 { "-" } else { "" };
        return format!("{sign}{}", number::count(value.abs() as u64));
    }
    format!("{value:.3}")
}

fn links(profile: &Profile, verdict: &Verdict) -> Markup {
    let turn = verdict.slow_turn.filter(|place| *place < profile.slow_turns.len());
    let span = verdict.from.zip(verdict.to);
    let lane =
        verdict.tid.and_then(|tid| profile.threads.iter().position(|thread| thread.tid == tid));
    html! {
        @if let Some(turn) = turn {
            @let slow = &profile.slow_turns[turn];
            @let end = slow.at.saturating_add(slow.length);
            a.zoom href={ "#turn-" (turn) } data-from=(slow.at) data-to=(end) data-turn=(turn)
                { "Show the turn at " (number::duration(slow.at)) }
            " "
        } @else if let Some((from, to)) = span {
            a.zoom href="#timeline" data-from=(from) data-to=(to) data-lane=[lane]
                { "Show " (number::duration(from)) " to " (number::duration(to)) }
            " "
        }
        @if let Some(place) = verdict.descriptor.filter(|place| *place < profile.descriptors.len()) {
            a href={ "#descriptor-" (place) } { "Descriptor " (profile.descriptors[place].fd) }
            " "
        }
        @if turn.is_none() {
            @if let Some(lane) = lane {
                @let thread = &profile.threads[lane];
                a href={ "#thread-" (lane) } { "Thread " (cell::thread(profile, thread.pid, thread.tid)) }
                " "
            }
        }
    }
}

/// The figures that one looks at first.
fn overview(profile: &Profile) -> Markup {
    let figures = &profile.figures;
    let tiles: [(&str, &str, &Figure); 8] = [
        ("busiest thread", "utilisation_max", &figures.utilisation_max),
        ("slow turns", "slow_turns", &figures.slow_turns),
        ("longest turn", "turn_max", &figures.turn_max),
        ("lag, 99 of 100 at most", "lag_p99", &figures.lag_p99),
        ("delay in the batch, 99 of 100", "delay_p99", &figures.delay_p99),
        ("deliveries", "deliveries", &figures.deliveries),
        ("bytes in", "bytes_in", &figures.bytes_in),
        ("bytes out", "bytes_out", &figures.bytes_out),
    ];
    html! {
        dl.tiles {
            @for (name, key, figure) in tiles {
                @if let Some(words) = number::figure(figure) {
                    div { dt { (name) } dd data-figure=(key) data-v=[figure.number()] { (words) } }
                }
            }
        }
    }
}
