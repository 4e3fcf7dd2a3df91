//! Words in a list, as a sentence has them.

use std::borrow::Borrow;

/// one, two and three.
pub fn joined(words: &[impl Borrow<str>], last: &str) -> String {
    match words {
        [before @ .., end] if !before.is_empty() => {
            format!("{} {last} {}", before.join(", "), end.borrow())
        }
        _ => words.concat(),
    }
}
