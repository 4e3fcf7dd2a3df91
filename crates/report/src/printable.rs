//! Text that may be shown on a terminal: names of files, functions and options come from outside, and
//! a control character in one of them would be a command to the reader's terminal.
//!
//! A control character is written as Rust writes it in a string (`\u{1b}`, `\n`), a byte that is
//! no UTF-8 as `\xff`. All else stays as it is, also a backslash: what is shown is for people, and
//! is not read back. JSON has the exact text.
//!
//! Surprising: the characters that change the direction of writing count as control characters. A
//! name could put with them what follows before itself.

use std::borrow::Cow;
use std::fmt::Write as _;

/// A text as it may be shown.
#[must_use]
pub fn text(text: &str) -> Cow<'_, str> {
    if !text.contains(is_command) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    text.chars().for_each(|character| push(&mut shown, character));
    Cow::Owned(shown)
}

/// Bytes that are probably a text, as they may be shown.
#[must_use]
pub fn bytes(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(all) => text(all),
        Err(_) => text(&utf8(bytes)).into_owned().into(),
    }
}

/// Bytes as UTF-8: where they are none, `\xff`. Control characters stay.
#[must_use]
pub fn utf8(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    Cow::Owned(text)
}

/// JSON, of which no string has such a character as it is: JSON itself asks for it only of some. Line
/// feeds stay, which are between the strings.
#[must_use]
pub fn json(json: String) -> String {
    let is_raw = |character| is_command(character) && character != '\n';
    if !json.contains(is_raw) {
        return json;
    }
    let mut escaped = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        if is_raw(character) {
            let _ = write!(escaped, "\\u{:04x}", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// Adds a character to a text that may be shown.
fn push(shown: &mut String, character: char) {
    if is_command(character) {
        shown.extend(character.escape_default());
    } else {
        shown.push(character);
    }
}

/// Whether a terminal may do something else with it than show it: the control characters, those of
/// Unicode's Bidi_Control, and its two separators of lines.
#[must_use]
pub fn is_command(character: char) -> bool {
    let is_direction = matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    character.is_control() || is_direction || matches!(character, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_shows_stays() {
        for plain in ["", "a b", "Grüße, 世界 🦀", "back\\slash \"quote\""] {
            assert_eq!(text(plain), plain);
            assert_eq!(bytes(plain.as_bytes()), plain);
        }
    }

    #[test]
    fn what_commands_a_terminal_is_escaped() {
        assert_eq!(text("\x1b[2J\n\r\t\x7f"), r"\u{1b}[2J\n\r\t\u{7f}");
        assert_eq!(text("\u{9b}1m\u{202e}gpj.exe"), r"\u{9b}1m\u{202e}gpj.exe");
    }

    #[test]
    fn json_stays_json() {
        let strings = ["\x7f\u{9b}\u{202e}\\ \"ä\"", "\n"];
        let text = json(serde_json::to_string_pretty(&strings).unwrap());
        assert!(text.contains(r"\u007f\u009b\u202e\\ ") && text.lines().count() == 4, "{text}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&text).unwrap(), strings);
    }

    #[test]
    fn what_is_no_utf_8_is_escaped_byte_by_byte() {
        assert_eq!(bytes(b"a\xff\x9b\xc3\xa4\xe4\x1b"), "a\\xff\\x9bä\\xe4\\u{1b}");
        // The beginning of a character, at the end.
        assert_eq!(bytes(b"\xf0\x9f\xa6"), r"\xf0\x9f\xa6");
        assert_eq!(utf8(b"\x1b\xff"), "\x1b\\xff");
    }
}
