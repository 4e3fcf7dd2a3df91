//! `epshim rules` and `epshim explain`: what the checker can find. The words are the rules' own
//! (`crates/check/src/rules/`); this only sets them.
//!
//! The same pages as one document are docs/rules.md: see `markdown.rs`.

mod markdown;

use crate::args::{ExplainOptions, RulesOptions};
use crate::output::{BOLD, Output};
use epshim_check::options::nearest;
use epshim_check::{Certainty, Explanation, Rule};
use serde::Serialize;
use std::fmt::Write as _;

/// The columns of a page.
const WIDTH: usize = 80;

/// All rules, one line each; as JSON, their pages too.
pub fn list(options: &RulesOptions) -> Output {
    if options.markdown {
        return Output::text(markdown::document(), true);
    }
    if options.json {
        return Output::json(&Rule::ALL.map(Page::new), true);
    }
    let mut text = format!("{BOLD}{:<20} {:<21} finds{BOLD:#}\n", "rule", "certainty");
    for rule in Rule::ALL {
        let finds = rule.explanation().finds;
        writeln!(text, "{rule:<20} {:<21} {finds}", certainty(rule)).expect("a string");
    }
    Output::text(text, true)
}

/// The page of one rule.
pub fn explain(options: &ExplainOptions) -> Result<Output, String> {
    let rule = named(&options.rule)?;
    if options.json {
        return Ok(Output::json(&Page::new(rule), true));
    }
    Ok(Output::text(page(rule), true))
}

/// The rule of this name, or a sentence with the name that was probably meant.
pub fn named(name: &str) -> Result<Rule, String> {
    name.parse().map_err(|_| match nearest(name, Rule::ALL.into_iter().map(Rule::name)) {
        Some(rule) => format!("no rule `{name}`; did you mean `{rule}`?"),
        None => format!("no rule `{name}`; `epshim rules` lists them"),
    })
}

/// How sure a rule can be, the surest first.
fn certainties(rule: Rule) -> &'static [Certainty] {
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

fn certainty(rule: Rule) -> String {
    certainties(rule).iter().map(|certainty| certainty.name()).collect::<Vec<_>>().join(" or ")
}

/// A rule as JSON.
#[derive(Serialize)]
struct Page {
    rule: &'static str,
    certainty: Vec<&'static str>,
    finds: &'static str,
    hurts: &'static str,
    evidence: &'static str,
    silent: &'static str,
    fix: &'static str,
    wrong: &'static str,
    right: &'static str,
    manual: &'static str,
    seen: &'static [&'static str],
}

impl Page {
    fn new(rule: Rule) -> Self {
        let &Explanation { finds, hurts, evidence, silent, fix, wrong, right, manual, seen } =
            rule.explanation();
        let certainty = certainties(rule).iter().map(|certainty| certainty.name()).collect();
        let rule = rule.name();
        Self { rule, certainty, finds, hurts, evidence, silent, fix, wrong, right, manual, seen }
    }
}

/// The sections of prose, with their headings.
fn sections(page: &Explanation) -> [(&'static str, &'static str); 4] {
    [
        ("Why it hurts", page.hurts),
        ("Evidence", page.evidence),
        ("Silent", page.silent),
        ("Fix", page.fix),
    ]
}

fn page(rule: Rule) -> String {
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
