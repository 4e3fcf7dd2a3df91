//! A rule by its name, as a user wrote it.

use epshim_check::Rule;
use epshim_check::options::nearest;

/// The rule of this name, or a sentence with the name that was probably meant.
pub fn named(name: &str) -> Result<Rule, String> {
    name.parse().map_err(|_| match nearest(name, Rule::ALL.into_iter().map(Rule::name)) {
        Some(rule) => format!("no rule `{name}`; did you mean `{rule}`?"),
        None => format!("no rule `{name}`; `epshim rules` lists them"),
    })
}
