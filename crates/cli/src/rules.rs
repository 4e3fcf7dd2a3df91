//! `epshim rules` and `epshim explain`: what the checker can find. The words are the rules' own
//! (`crates/check/src/rules/`); this only sets them.
//!
//! A page for a terminal is set in `page.rs`; all of them in one document, docs/rules.md, in `markdown.rs`.
//! `named.rs` finds a rule by its name, here and for the options of `check`.

mod markdown;
mod named;
mod page;

use crate::args::{ExplainOptions, RulesOptions};
use crate::output::{BOLD, Output};
use epshim_check::{Explanation, Rule};
use page::{certainties, certainty};
use serde::Serialize;
use std::fmt::Write as _;

pub use named::named;

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
        let &Explanation { finds, hurts, evidence, silent, fix, wrong, right, manual, seen } =
            rule.explanation();
        let certainty = certainties(rule).iter().map(|certainty| certainty.name()).collect();
        let rule = rule.name();
        Self { rule, certainty, finds, hurts, evidence, silent, fix, wrong, right, manual, seen }
    }
}
