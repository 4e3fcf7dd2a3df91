//! The page of a rule, set for a terminal, and its parts, which `markdown.rs` sets for a document.

use super::words::joined;
use crate::output::BOLD;
use epshim_check::{Certainty, Explanation, Rule};
use std::fmt::Write as _;

/// The columns of a page.
const WIDTH: usize = 80;

/// How sure a rule can be, in words.
pub fn certainty(rule: Rule) -> String {
    one_of(rule.certainties())
}

/// "certain, suspected or note".
pub fn one_of(certainties: &[Certainty]) -> String {
    let names: Vec<_> = certainties.iter().map(|certainty| certainty.name()).collect();
    joined(&names, "or")
}

/// The sections of prose, with their headings.
pub fn sections(page: &Explanation) -> [(&'static str, &'static str); 4] {
    [
        ("Why it hurts", page.hurts),
        ("Evidence", page.evidence),
        ("Silent", page.silent),
        ("Fix", page.fix),
    ]
}

/// The page of a rule.
pub fn text(rule: Rule) -> String {
    set(rule.name(), &certainty(rule), rule.explanation())
}

/// A page, by its parts.
pub fn set(rule: &str, certainty: &str, page: &Explanation) -> String {
    let mut text = format!("{BOLD}{rule}{BOLD:#} ({certainty})\n");
    let mut section = |heading: &str, body: &str| {
        if !heading.is_empty() {
            write!(text, "\n{BOLD}{heading}{BOLD:#}\n").expect("a string");
        }
        text.push_str(body);
    };
    section("", &wrapped(page.finds));
    for (heading, prose) in sections(page) {
        section(heading, &wrapped(prose));
    }
    section("Wrong", &indented(page.wrong.lines()));
    section("Right", &indented(page.right.lines()));
    section("Manual", &wrapped(page.manual));
    section("Seen in", &indented(page.seen.iter().copied()));
    text
}

fn indented<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.map(|line| format!("  {line}\n")).collect()
}

/// Prose, indented, in lines of at most [`WIDTH`] columns where its words allow it.
fn wrapped(prose: &str) -> String {
    let lines = epshim_report::wrapped(prose, "  ", "  ", WIDTH);
    lines.into_iter().map(|line| line + "\n").collect()
}
