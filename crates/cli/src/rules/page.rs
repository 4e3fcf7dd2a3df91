//! The page of a rule, set for a terminal, and its parts, which `markdown.rs` sets for a document.

use crate::output::BOLD;
use epshim_check::{Certainty, Explanation, Rule};
use std::fmt::Write as _;

/// The columns of a page.
const WIDTH: usize = 80;

/// How sure a rule can be, the surest first.
pub fn certainties(rule: Rule) -> &'static [Certainty] {
    use Certainty::{Certain, Fact, Note, Suspected};
    match rule {
        Rule::LevelSpin
        | Rule::AcceptSpin
        | Rule::BlockingFd
        | Rule::ForkShared
        | Rule::EpfdMisuse => &[Certain],
        Rule::Ghost | Rule::LayoutMismatch => &[Certain, Suspected],
        Rule::CtlError => &[Fact],
        Rule::EdgeNotDrained => &[Suspected, Note],
        Rule::OneshotNotRearmed | Rule::LostWrite | Rule::HangupUnread | Rule::SubMsSpin => {
            &[Suspected]
        }
    }
}

/// The same in words.
pub fn certainty(rule: Rule) -> String {
    certainties(rule).iter().map(|certainty| certainty.name()).collect::<Vec<_>>().join(" or ")
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
    let page = rule.explanation();
    let mut text = format!("{BOLD}{rule}{BOLD:#} ({})\n", certainty(rule));
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
    let mut lines = vec![String::new()];
    for word in prose.split(' ') {
        let line = lines.last_mut().expect("there is always one");
        if line.is_empty() {
            line.push_str(word);
        } else if 2 + line.chars().count() + 1 + word.chars().count() <= WIDTH {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    indented(lines.iter().map(String::as_str))
}
