//! Threads: what each did with its time, as a bar and as numbers.

use super::{cell, number, shown};
use crate::document::{Profile, ThreadRow, Unit};
use maud::{Markup, html};

/// A state: the class that gives it its colour, its word, its time.
type State = (&'static str, &'static str, u64);

/// A thread's time, cut into states that do not overlap. Where the kernel's figures are not known, busy is not cut.
fn states(thread: &ThreadRow) -> Vec<State> {
    // The kernel's clock and ours differ a little: what is on a processor is what the two others leave.
    let cut = thread.runnable.zip(thread.blocked).and_then(|(runnable, blocked)| {
        let rest = thread.busy.checked_sub(runnable)?.checked_sub(blocked)?;
        Some((rest, runnable, blocked))
    });
    let mut states: Vec<State> = match cut {
        Some((rest, runnable, blocked)) => vec![
            ("run", "on a processor", rest),
            ("runnable", "waiting for a processor", runnable),
            ("blocked", "blocked in calls", blocked),
        ],
        None => vec![("run", "busy", thread.busy)],
    };
    states.push(("spin", "spinning", thread.spinning));
    states.push(("wait", "waiting", thread.waiting));
    states.retain(|(_, _, time)| *time > 0);
    states
}

fn bar(thread: &ThreadRow) -> Markup {
    let whole = number::sum(&[thread.busy, thread.waiting, thread.spinning]) as f64;
    let mut from = 0.0;
    let parts: Vec<_> = states(thread)
        .into_iter()
        .map(|(class, word, time)| {
            let (x, width) = (from, time as f64 * 1000.0 / whole);
            from += width;
            (class, word, time, x, width)
        })
        .collect();
    let words: Vec<String> = parts
        .iter()
        .map(|(_, word, time, _, width)| {
            format!("{word} {} ({:.1}%)", number::duration(*time), width / 10.0)
        })
        .collect();
    html! {
        svg.bar viewBox="0 0 1000 20" preserveAspectRatio="none" role="img" aria-label=(words.join(", ")) {
            @for ((class, _, time, x, width), words) in parts.iter().zip(&words) {
                rect class=(class) data-v=(time) x={ (format!("{x:.2}")) } y="0" width={ (format!("{width:.2}")) } height="20"
                    { title { (words) } }
            }
        }
    }
}

pub(super) fn section(profile: &Profile) -> Markup {
    if profile.threads.is_empty() {
        return html! {};
    }
    html! {
        section #threads {
            h2 { "Threads" }
            ul.legend {
                @for (class, words) in [("run", "on a processor, or busy"), ("runnable", "waiting for a processor"),
                    ("blocked", "blocked in calls"), ("spin", "spinning"), ("wait", "waiting for events")] {
                    li { svg.key viewBox="0 0 10 10" aria-hidden="true" { rect class=(class) width="10" height="10" {} } (words) }
                }
            }
            div.bars {
                @for (place, thread) in profile.threads.iter().enumerate() { (line(profile, place, thread)) }
            }
            (table(profile))
        }
    }
}

fn line(profile: &Profile, place: usize, thread: &ThreadRow) -> Markup {
    let busy =
        number::share_of(thread.busy, number::sum(&[thread.busy, thread.waiting, thread.spinning]));
    html! {
        div.thread id={ "thread-" (place) } {
            div.who {
                bdi { (cell::thread(profile, thread.pid, thread.tid)) }
                @if let Some(busy) = busy { span.share { (number::share(busy)) " busy" } }
                @if let Some(since) = thread.in_turn_since {
                    strong { "in a turn since " (number::duration(profile.duration.saturating_sub(since))) }
                }
            }
            (bar(thread))
        }
    }
}

fn table(profile: &Profile) -> Markup {
    html! {
        details {
            summary { "Numbers of each thread" }
            div.scroll tabindex="0" { table.sortable #thread-table {
                thead { tr {
                    (cell::head("thread", false, ""))
                    (cell::head("busy", true, "time in turns"))
                    (cell::head("waiting", true, ""))
                    (cell::head("spinning", true, "waits with timeout 0 that returned nothing"))
                    (cell::head("on cpu", true, "of the kernel"))
                    (cell::head("runnable", true, "waiting for a processor; of the kernel"))
                    (cell::head("blocked", true, "busy, and neither; of the kernel"))
                    (cell::head("turns", true, ""))
                    (cell::head("longest", true, "turn"))
                    (cell::head("slow", true, "turns"))
                    (cell::head("wake-ups", true, "waits with events"))
                    (cell::head("at once", true, "wake-ups that found events ready; a bound"))
                    (cell::head("wasted", true, "wake-ups after which nothing was done"))
                    (cell::head("herd", true, "deliveries whose first call was EAGAIN"))
                    (cell::head("deliveries", true, ""))
                    (cell::head("accepted", true, ""))
                    (cell::head("calls", true, "of input and output"))
                    (cell::head("in", true, "bytes read"))
                    (cell::head("out", true, "bytes written"))
                    (cell::head("descriptors", true, ""))
                } }
                tbody { @for thread in &profile.threads { (row(profile, thread)) } }
            } }
        }
    }
}

fn row(profile: &Profile, thread: &ThreadRow) -> Markup {
    let times = [thread.busy, thread.waiting, thread.spinning];
    let counts =
        [thread.wakeups, thread.returned_at_once, thread.wasted, thread.herd, thread.deliveries];
    html! {
        tr data-tid=(thread.tid) {
            td { bdi { (shown::text(&cell::thread(profile, thread.pid, thread.tid))) } }
            @for time in times { (cell::number(time, Unit::Ns)) }
            @for time in [thread.on_cpu, thread.runnable, thread.blocked] { (cell::known(time, Unit::Ns)) }
            (cell::number(thread.turns, Unit::Count))
            (cell::number(thread.turn_max, Unit::Ns))
            (cell::number(thread.slow_turns, Unit::Count))
            @for count in counts { (cell::number(count, Unit::Count)) }
            (cell::number(thread.accepted, Unit::Count))
            (cell::number(thread.io_calls, Unit::Count))
            (cell::number(thread.bytes_in, Unit::Bytes))
            (cell::number(thread.bytes_out, Unit::Bytes))
            (cell::number(thread.descriptors, Unit::Count))
        }
    }
}
