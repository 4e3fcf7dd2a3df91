//! The rules that only `epshim inspect` has: a look at a running process sees what no call says.

use super::page;
use epshim_attach::verdict::Record;
use epshim_attach::verdicts;
use epshim_check::Explanation;

/// Those rules, with their pages.
pub fn all() -> impl Iterator<Item = (&'static Record, &'static Explanation)> {
    verdicts::ALL.into_iter().filter_map(|record| Some((record, record.page?)))
}

/// The one with this name.
pub fn only(name: &str) -> Option<(&'static Record, &'static Explanation)> {
    all().find(|(record, _)| record.name == name)
}

/// How sure it can be, in words.
pub fn certainty(record: &Record) -> String {
    page::one_of(record.certainties)
}

/// Its page, set for a terminal.
pub fn text(record: &Record, explanation: &Explanation) -> String {
    page::set(record.name, &certainty(record), explanation)
}
