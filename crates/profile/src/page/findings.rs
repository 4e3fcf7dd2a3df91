//! What the rules of `epshim check` found, and when.

use super::{cell, shown};
use crate::document::{Finding, Profile};
use maud::{Markup, html};

/// Before and after a finding, in the timeline.
const AROUND: u64 = 500_000_000;

pub(super) fn section(profile: &Profile) -> Markup {
    if profile.findings.is_empty() {
        return html! {};
    }
    html! {
        section #findings {
            h2 { "What the checker found" }
            div.scroll tabindex="0" { table.sortable #finding-table {
                thead { tr {
                    (cell::head("at", true, "since the profile's begin"))
                    (cell::head("rule", false, "epshim explain RULE has its page"))
                    (cell::head("certainty", false, ""))
                    (cell::head("what", false, ""))
                    (cell::head("thread", false, ""))
                    (cell::head("epoll", true, "its descriptor"))
                    (cell::head("descriptor", true, ""))
                } }
                tbody { @for (place, finding) in profile.findings.iter().enumerate() { (row(profile, place, finding)) } }
            } }
        }
    }
}

fn row(profile: &Profile, place: usize, finding: &Finding) -> Markup {
    let name = format!("finding-{place}");
    let (from, to) = (finding.at.saturating_sub(AROUND), finding.at.saturating_add(AROUND));
    let lane = cell::lane(profile, finding.pid, finding.tid);
    html! {
        tr id=(name) {
            (cell::at(finding.at, (from, to), &name, lane))
            td { bdi.code { (shown::text(&finding.rule)) } }
            td { (shown::text(&finding.certainty)) }
            td.what {
                (shown::text(&finding.what))
                @if !finding.fix.is_empty() { p.advice { (shown::text(&finding.fix)) } }
            }
            td { bdi { (cell::thread(profile, finding.pid, finding.tid)) } }
            @for fd in [finding.epfd, finding.fd] {
                td.n data-v=(fd.unwrap_or(-1)) { @if let Some(fd) = fd { (fd) } }
            }
        }
    }
}
