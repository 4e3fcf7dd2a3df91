//! What is wrong in `EPSHIM_OPTIONS`, as a sentence for the user.

use std::fmt;

/// Something in `EPSHIM_OPTIONS` that has no effect. Displayed, it is a sentence for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Complaint {
    /// No option has this name.
    UnknownKey {
        /// As written.
        key: String,
        /// The option that was probably meant.
        nearest: Option<&'static str>,
    },
    /// The option has no such value.
    BadValue {
        /// The option.
        key: &'static str,
        /// As written.
        value: String,
        /// What it takes, or what was probably meant.
        expected: String,
    },
    /// A word without `=`.
    NoValue(String),
    /// Something follows the closing quote of this option's value, or there is none.
    Quotes(String),
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey { key, nearest: Some(nearest) } => {
                write!(f, "unknown option `{key}`; did you mean `{nearest}`?")
            }
            Self::UnknownKey { key, nearest: None } => {
                write!(f, "unknown option `{key}`; help=1 lists them")
            }
            Self::BadValue { key, value, expected } => write!(f, "{key}={value}: {expected}"),
            Self::NoValue(word) => write!(f, "`{word}` has no value: write {word}=VALUE"),
            Self::Quotes(key) => write!(
                f,
                "{key}: a value in double quotes ends with one, and a separator follows it"
            ),
        }
    }
}

/// The name that is most like this one, if any is like it.
#[must_use]
pub fn nearest(name: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    known
        .map(|known| (strsim::normalized_damerau_levenshtein(known, name), known))
        .filter(|&(likeness, _)| likeness >= 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}
