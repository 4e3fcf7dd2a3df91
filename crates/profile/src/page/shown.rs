//! Text of the program as it may be shown: names of files, functions and peers are the program's.
//!
//! Control characters, those that turn the direction of writing, and the two separators of lines are written as Rust
//! writes them in a string. HTML's own characters are not this file's: `maud` escapes them.

use std::borrow::Cow;

/// A text as it may be shown.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    if !text.contains(is_command) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_command(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Whether it may do something else than be shown. The page's own words have none, so JSON of shown texts has none.
fn is_command(character: char) -> bool {
    let is_direction = matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    character.is_control() || is_direction || matches!(character, '\u{2028}' | '\u{2029}')
}

/// JSON for a block of the page: what HTML could read as the block's end is written as a number. The texts in it have
/// passed through [`text`].
pub(super) fn json<T: serde::Serialize>(value: &T) -> String {
    let json = serde_json::to_string(value).expect("numbers, texts and lists");
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_shows_stays() {
        for plain in ["", "a b", "Grüße, 世界 🦀", "back\\slash \"quote\" </script>"] {
            assert_eq!(text(plain), plain);
        }
    }

    #[test]
    fn what_commands_is_shown_as_its_number() {
        assert_eq!(text("\x1b[2J\u{2028}\u{202e}gpj.exe\n"), r"\u{1b}[2J\u{2028}\u{202e}gpj.exe\n");
    }

    #[test]
    fn json_cannot_end_its_block_and_stays_equal() {
        let hostile = "</script><!-- & \"x\"";
        let json = json(&hostile);
        assert!(!json.contains(['<', '>', '&']));
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), hostile);
    }
}
