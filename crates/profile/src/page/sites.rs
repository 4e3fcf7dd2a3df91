//! Call sites: what was called from where, how often, and what it took. And what was done for nothing, by whom.

use super::{cell, number, shown, stack};
use crate::document::{Profile, SiteRow, Unit};
use maud::{Markup, html};

/// Rows of the page; the profile may have more.
const ROWS: usize = 1_000;
/// Callers of a row.
const CALLERS: usize = 3;
/// Lines of the list of waste.
const WASTE: usize = 8;

pub(super) fn section(profile: &Profile) -> Markup {
    if profile.sites.is_empty() {
        return html! {};
    }
    let mut order: Vec<&SiteRow> = profile.sites.iter().collect();
    order.sort_by_key(|site| std::cmp::Reverse((site.time, site.calls)));
    let rest = order.len().saturating_sub(ROWS) as u64;
    html! {
        section #sites {
            h2 { "Call sites" }
            @if rest > 0 { p.note { "Those that took the most time; " (number::count(rest)) " are not listed." } }
            div.scroll tabindex="0" { table.sortable.filtered #site-table {
                thead { tr {
                    (cell::head("site", false, ""))
                    (cell::head("call", false, ""))
                    (cell::head("calls", true, ""))
                    (cell::head("bytes", true, ""))
                    (cell::head("time", true, "in turns, from the call before to the end of each call here"))
                    (cell::head("longest", true, "of these"))
                    (cell::head("EAGAIN", true, "calls that returned it"))
                    (cell::head("short", true, "writes that were short"))
                    (cell::head("failed", true, "calls that failed otherwise"))
                    (cell::head("redundant", true, "calls of epoll_ctl that changed nothing"))
                } }
                tbody { @for site in order.iter().take(ROWS) { (row(profile, site)) } }
            } }
            (waste(profile, &order))
        }
    }
}

/// Who called it, the innermost first: rows of one name differ in it.
fn callers(site: &SiteRow) -> Option<String> {
    let callers: Vec<String> = site.places.iter().skip(1).take(CALLERS).map(stack::place).collect();
    (!callers.is_empty()).then(|| callers.join(", "))
}

fn row(profile: &Profile, site: &SiteRow) -> Markup {
    let counts = [site.again, site.short_writes, site.failed, site.redundant];
    let inner = site.places.first().filter(|place| !place.module.is_empty());
    let bare = inner
        .map(|place| shown::text(&format!("{}+{:#x}", place.module, place.offset)).into_owned());
    html! {
        tr {
            td.site title=[bare] {
                bdi.code { (shown::text(&site.name)) }
                @if let Some(callers) = callers(site) { span.top { "from " bdi.code { (callers) } } }
                @if profile.processes.len() > 1 { span.process { " of " (site.pid) } }
            }
            td { (shown::text(&site.call)) }
            (cell::number(site.calls, Unit::Count))
            (cell::number(site.bytes, Unit::Bytes))
            @for time in [site.time, site.time_max] { (cell::number(time, Unit::Ns)) }
            @for count in counts { (cell::number(count, Unit::Count)) }
        }
    }
}

/// Wake-ups and calls that did nothing, with the sites and descriptors that have the most of them.
fn waste(profile: &Profile, order: &[&SiteRow]) -> Markup {
    let figures = &profile.figures;
    let mut redundant: Vec<_> = order.iter().filter(|site| site.redundant > 0).collect();
    redundant.sort_by_key(|site| std::cmp::Reverse(site.redundant));
    let of_row = |place: usize| {
        profile.descriptors[place].wasted.saturating_add(profile.descriptors[place].herd)
    };
    let mut woken: Vec<usize> =
        (0..profile.descriptors.len()).filter(|place| of_row(*place) > 0).collect();
    woken.sort_by_key(|place| std::cmp::Reverse(of_row(*place)));
    let total = [&figures.wasted, &figures.herd, &figures.redundant_ctl];
    if total.iter().all(|figure| figure.whole().unwrap_or(0) == 0)
        && redundant.is_empty()
        && woken.is_empty()
    {
        return html! {};
    }
    html! {
        h3 { "Done for nothing" }
        ul.waste {
            @for (figure, words) in total.into_iter().zip(["wake-ups after which nothing was done",
                "deliveries whose first call was EAGAIN", "calls of epoll_ctl that changed nothing"]) {
                @if let Some(count) = figure.whole().filter(|count| *count > 0) {
                    li { (number::count(count)) " " (words) }
                }
            }
            @for place in woken.iter().take(WASTE) {
                @let row = &profile.descriptors[*place];
                li { a href={ "#descriptor-" (place) } { "descriptor " (row.fd) } " (" (shown::text(&row.kind)) "): "
                    (number::count(of_row(*place))) " of " (number::count(row.deliveries)) " deliveries" }
            }
            @for site in redundant.iter().take(WASTE) {
                li { bdi.code { (shown::text(&site.name)) } ": " (number::count(site.redundant)) " of "
                    (number::count(site.calls)) " calls changed nothing" }
            }
        }
    }
}
