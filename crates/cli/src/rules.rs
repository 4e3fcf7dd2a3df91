//! `epshim rules` and `epshim explain`: what the checker can find. The words are the rules' own
//! (`crates/check/src/rules/`); this only sets them.
//!
//! A page for a terminal is set in `page.rs`; all of them in one document, docs/rules.md, in `markdown.rs`.
//! The rules of `epshim inspect` that are no rules of `check` have their pages in `crates/attach/src/verdicts/`
//! (`looks.rs`). `named.rs` finds a rule by its name, here and for the options of `check`.

mod looks;
mod markdown;
mod named;
mod page;
mod words;

use crate::args::{ExplainOptions, RulesOptions};
use crate::output::{BOLD, Output};
use epshim_attach::verdict::Record;
use epshim_check::{Certainty, Explanation, Rule};
use page::certainty;
use serde::Serialize;
use std::fmt::Write as _;

pub use named::{all, named};

/// All rules, one line each; as JSON, their pages too.
pub fn list(options: &RulesOptions) -> Output {
    if options.markdown {
        return Output::text(markdown::document(), true);
    }
    if options.json {
        return Output::json(&Rule::ALL.map(Page::new), true);
    }
    let mut text = format!("{BOLD}{:<20} {:<26} finds{BOLD:#}\n", "rule", "certainty");
    for rule in Rule::ALL {
        let finds = rule.explanation().finds;
        writeln!(text, "{rule:<20} {:<26} {finds}", certainty(rule)).expect("a string");
    }
    write!(text, "\n{BOLD}of `epshim inspect` only{BOLD:#}\n").expect("a string");
    for (record, page) in looks::all() {
        let (name, finds) = (record.name, page.finds);
        writeln!(text, "{name:<20} {:<26} {finds}", looks::certainty(record)).expect("a string");
    }
    Output::text(text, true)
}

/// The page of one rule.
pub fn explain(options: &ExplainOptions) -> Result<Output, String> {
    let name = named::completed(&options.rule)?;
    if let Some(record) = looks::only(name) {
        return Ok(if options.json {
            Output::json(&Page::of_look(record.0, record.1), true)
        } else {
            Output::text(looks::text(record.0, record.1), true)
        });
    }
    let rule = named(name)?;
    if options.json {
        return Ok(Output::json(&Page::new(rule), true));
    }
    Ok(Output::text(page::text(rule), true))
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
        Self::of(rule.name(), rule.certainties(), rule.explanation())
    }

    fn of_look(record: &Record, page: &Explanation) -> Self {
        Self::of(record.name, record.certainties, page)
    }

    fn of(rule: &'static str, certainties: &[Certainty], page: &Explanation) -> Self {
        let &Explanation { finds, hurts, evidence, silent, fix, wrong, right, manual, seen } = page;
        let certainty = certainties.iter().map(|certainty| certainty.name()).collect();
        Self { rule, certainty, finds, hurts, evidence, silent, fix, wrong, right, manual, seen }
    }
}
