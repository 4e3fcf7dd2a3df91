//! The text of the variable, apart from what the options mean: pairs, separators, quotes.

use super::complaint::Complaint;

fn is_separator(character: char) -> bool {
    character == ':' || character.is_ascii_whitespace()
}

/// The pairs of a text, in order, with what is no pair among them.
pub fn pairs(text: &str) -> Vec<Result<(&str, String), Complaint>> {
    let mut pairs = Vec::new();
    let mut rest = text.trim_start_matches(is_separator);
    while !rest.is_empty() {
        let end = rest.find(|c| c == '=' || is_separator(c)).unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        let Some(value) = after.strip_prefix('=') else {
            pairs.push(Err(Complaint::NoValue(key.to_owned())));
            rest = after.trim_start_matches(is_separator);
            continue;
        };
        let (value, after) = match value.strip_prefix('"').map(unquoted) {
            Some((value, after)) => (value, after),
            None => {
                let (value, after) =
                    value.split_at(value.find(is_separator).unwrap_or(value.len()));
                (Some(value.to_owned()), after)
            }
        };
        pairs.push(value.map(|value| (key, value)).ok_or(Complaint::Quotes(key.to_owned())));
        rest = after.trim_start_matches(is_separator);
    }
    pairs
}

/// What stands before the closing quote, if a separator or the end follows that, and the text after it.
fn unquoted(text: &str) -> (Option<String>, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                let after = &text[at + 1..];
                let end = after.find(is_separator).unwrap_or(after.len());
                return ((end == 0).then_some(value), &after[end..]);
            }
            '\\' => value.extend(characters.next().map(|(_, next)| next)),
            _ => value.push(character),
        }
    }
    (None, "")
}

/// A value as it must be written to be read as it is.
pub fn quoted(value: &str) -> String {
    if !value.starts_with('"') && !value.contains(is_separator) {
        return value.to_owned();
    }
    let mut text = String::from('"');
    for character in value.chars() {
        if matches!(character, '"' | '\\') {
            text.push('\\');
        }
        text.push(character);
    }
    text + "\""
}
