//! What stands in tables: cells with a number in words and, for sorting, as it is.

use super::{number, shown};
use crate::document::{Profile, Unit};
use maud::{Markup, html};

/// A cell with a whole number. The exact one is its title, too.
pub(super) fn number(value: u64, unit: Unit) -> Markup {
    let exact = match unit {
        Unit::Ns => Some("ns"),
        Unit::Bytes => Some("bytes"),
        _ => None,
    };
    html! {
        td.n data-v=(value) title=[exact.map(|unit| format!("{} {unit}", number::count(value)))] {
            (number::of_unit(value, unit))
        }
    }
}

/// The same; `None`: it is not known.
pub(super) fn known(value: Option<u64>, unit: Unit) -> Markup {
    value.map_or_else(
        || html! { td.n data-v="-1" title="not known" { "–" } },
        |value| number(value, unit),
    )
}

/// A heading of a column: of text, or of numbers, whose greatest come first when it is sorted.
pub(super) fn head(name: &str, is_number: bool, what: &str) -> Markup {
    html! {
        th.n[is_number] scope="col" title=[(!what.is_empty()).then_some(what)] { (name) }
    }
}

/// A time as a link that zooms to a span of the timeline. `target` is where it leads without a script.
pub(super) fn at(time: u64, span: (u64, u64), target: &str, lane: Option<usize>) -> Markup {
    html! {
        td.n data-v=(time) {
            a.zoom href={ "#" (target) } data-from=(span.0) data-to=(span.1) data-lane=[lane] { (number::duration(time)) }
        }
    }
}

/// A thread's place among the page's threads.
pub(super) fn lane(profile: &Profile, pid: i32, tid: i32) -> Option<usize> {
    profile.threads.iter().position(|thread| (thread.pid, thread.tid) == (pid, tid))
}

/// A thread in words: `http 4711`, and its process where there is more than one.
pub(super) fn thread(profile: &Profile, pid: i32, tid: i32) -> String {
    // The row of all that have none of their own.
    if tid == 0 {
        return "other threads".to_string();
    }
    let row = lane(profile, pid, tid).map(|place| &profile.threads[place]);
    let name = row.and_then(|thread| thread.name.as_deref()).unwrap_or("thread");
    let process = if profile.processes.len() > 1 { format!(" of {pid}") } else { String::new() };
    format!("{} {tid}{process}", shown::text(name))
}

/// A call site in words; `None`: it is not known.
pub(super) fn site(profile: &Profile, place: Option<usize>) -> Option<String> {
    let site = profile.sites.get(place?)?;
    Some(shown::text(&site.name).into_owned())
}

/// The names of call sites, one a line.
pub(super) fn sites(profile: &Profile, places: &[usize]) -> Markup {
    html! {
        @for (index, name) in places.iter().filter_map(|place| site(profile, Some(*place))).enumerate() {
            @if index > 0 { ", " }
            bdi.code { (name) }
        }
    }
}
