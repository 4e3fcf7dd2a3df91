//! Two sets of numbers side by side: what differs, in words.
//!
//! Versions of headers are no difference: they change with every security update, and the numbers
//! must not.

use crate::table::Measured;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One field of one target that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The target's name.
    pub target: String,
    /// The field's name, as in `docs/layouts.toml`.
    pub field: String,
    /// What the table (or another witness that is believed) says.
    pub expected: String,
    /// What was found, and by whom.
    pub found: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, field, expected, found } = self;
        write!(f, "{target}: {field}: expected {expected}, found {found}")
    }
}

/// Compares all fields that either side has.
#[must_use]
pub fn all(target: &str, expected: &Measured, found: &Measured, by: &str) -> Vec<Difference> {
    let (expected, found) = (expected.numbers(), found.numbers());
    let fields: BTreeSet<_> = expected.keys().chain(found.keys()).cloned().collect();
    differing(target, fields, &expected, &found, by)
}

/// Compares the fields that `found` has.
#[must_use]
pub fn some(
    target: &str,
    expected: &Measured,
    found: &BTreeMap<String, u32>,
    by: &str,
) -> Vec<Difference> {
    differing(target, found.keys().cloned().collect(), &expected.numbers(), found, by)
}

/// Compares the fields that both sides have: another version of the headers may have a constant more.
#[must_use]
pub fn common(target: &str, expected: &Measured, found: &Measured, by: &str) -> Vec<Difference> {
    let (expected, found) = (expected.numbers(), found.numbers());
    let fields = found.keys().filter(|field| expected.contains_key(*field)).cloned().collect();
    differing(target, fields, &expected, &found, by)
}

fn differing(
    target: &str,
    fields: BTreeSet<String>,
    expected: &BTreeMap<String, u32>,
    found: &BTreeMap<String, u32>,
    by: &str,
) -> Vec<Difference> {
    let differing = fields.into_iter().filter(|field| expected.get(field) != found.get(field));
    differing
        .map(|field| Difference {
            target: target.to_owned(),
            expected: shown(&field, expected.get(&field)),
            found: format!("{} ({by})", shown(&field, found.get(&field))),
            field,
        })
        .collect()
}

/// Sizes in decimal, constants in hexadecimal, as in C.
fn shown(field: &str, value: Option<&u32>) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(value) if field.contains("EPOLL") => format!("{value:#x}"),
        Some(value) => value.to_string(),
    }
}
