//! All figures, each with what it is and how sure it is.

use super::number;
use crate::document::{Kind, Profile};
use maud::{Markup, html};

pub(super) fn section(profile: &Profile) -> Markup {
    html! {
        section #figures {
            h2 { "All figures" }
            p.note {
                "Exact: counted or measured where it happened. Bound: it is at most this. Sampled: of samples. "
                "Kernel: asked of the kernel, from outside the program."
            }
            details {
                summary { "All threads together" }
                div.scroll tabindex="0" { table.figures #figure-table {
                    thead { tr { th scope="col" { "figure" } th.n scope="col" { "value" } th scope="col" { "kind" } th scope="col" { "what" } } }
                    tbody {
                        @for (name, what, figure) in profile.figures.each() {
                            tr {
                                th scope="row" { (name.replace('_', " ")) }
                                td.n data-figure=(name) data-v=[figure.number()] title=[figure.number()] {
                                    @match number::figure(figure) { Some(words) => (words), None => "not known" }
                                }
                                td { (kind(figure.kind)) }
                                td.what { (what) }
                            }
                        }
                    }
                } }
            }
        }
    }
}

/// A kind in a word.
pub(super) const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Exact => "exact",
        Kind::Bound => "bound",
        Kind::Least => "at least",
        Kind::Sampled => "sampled",
        Kind::Kernel => "kernel",
    }
}
