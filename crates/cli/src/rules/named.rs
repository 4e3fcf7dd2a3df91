//! A rule by its name, as a user wrote it.
//!
//! `epshim explain` takes the beginning of a name too. The options of `check` do not: a rule that is added later may
//! begin in the same way, and a test that left the old one out would then fail.

use super::looks;
use super::words::joined;
use epshim_check::Rule;
use epshim_check::options::nearest;

/// The rule of this name, or a sentence with the name that was probably meant.
pub fn named(name: &str) -> Result<Rule, String> {
    let names = Rule::ALL.map(Rule::name);
    name.parse().map_err(|_| match &begun(name, names.into_iter())[..] {
        [] => unknown(name, names.into_iter()),
        some => format!("no rule `{name}`; did you mean {}?", listed(some, "or")),
    })
}

/// The whole name of the rule of `check` or of `inspect` that has this one, or alone begins with it.
pub fn completed(name: &str) -> Result<&'static str, String> {
    let names = || all();
    if let Some(whole) = names().find(|known| *known == name) {
        return Ok(whole);
    }
    match &begun(name, names())[..] {
        [only] => Ok(only),
        [] => Err(unknown(name, names())),
        some => Err(format!("`{name}` begins {}: write more of it", listed(some, "and"))),
    }
}

/// The names of all rules.
pub fn all() -> impl Iterator<Item = &'static str> {
    let checked = Rule::ALL.into_iter().map(Rule::name);
    checked.chain(looks::all().map(|(record, _)| record.name))
}

fn begun(start: &str, names: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    if start.is_empty() {
        return Vec::new();
    }
    names.filter(|name| name.starts_with(start)).collect()
}

fn unknown(name: &str, names: impl Iterator<Item = &'static str>) -> String {
    match nearest(name, names) {
        Some(rule) => format!("no rule `{name}`; did you mean `{rule}`?"),
        None => format!("no rule `{name}`; `epshim rules` lists them"),
    }
}

/// `one`, `two` and `three`.
fn listed(names: &[&str], last: &str) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    joined(&quoted, last)
}
