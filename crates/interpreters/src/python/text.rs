//! The characters of a str object, as UTF-8 in memory of a fixed size.
//!
//! Of a text that is longer the end is kept, behind `...`: of a path that is the file, of a name the function.

/// The most characters that are read of a text.
pub(super) const MOST_CHARACTERS: u64 = 255;
/// The widest have four bytes, and their UTF-8 too.
const ROOM: usize = MOST_CHARACTERS as usize * 4 + CUT.len();
const CUT: &str = "...";

/// How the characters lie: the bits of `state` in `PyASCIIObject`, the same in all versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    /// The bytes of a character: 1, 2 or 4.
    pub width: u64,
    pub is_ascii: bool,
}

impl State {
    /// `None`: the characters do not lie behind the object's head.
    pub(super) fn of(bits: u32) -> Option<Self> {
        let is_compact = bits >> 5 & 1 != 0;
        let is_ascii = bits >> 6 & 1 != 0;
        let width = u64::from(bits >> 2 & 7);
        let is_kind = matches!(width, 1 | 2 | 4) && (width == 1 || !is_ascii);
        (is_compact && is_kind).then_some(Self { width, is_ascii })
    }
}

/// Appends characters of this width to a text. What is no character is shown as U+FFFD.
pub fn decode(bytes: &[u8], width: usize, to: &mut Strings) {
    for character in bytes.chunks_exact(width.max(1)) {
        let number = character.iter().rev().fold(0, |number, &byte| number << 8 | u32::from(byte));
        to.push(char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
}

/// A text in memory that is there from the beginning.
#[derive(Debug)]
pub struct Strings(String);

impl Strings {
    /// An empty text. `None`: no memory.
    #[must_use]
    pub fn new() -> Option<Self> {
        let mut text = String::new();
        text.try_reserve_exact(ROOM).ok()?;
        Some(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Begins anew, with a text of which the beginning is left out or not.
    pub(super) fn begin(&mut self, is_cut: bool) {
        self.0.clear();
        if is_cut {
            self.0.push_str(CUT);
        }
    }

    /// Appends a character, unless there is no room.
    fn push(&mut self, character: char) {
        if self.0.len() + character.len_utf8() <= self.0.capacity() {
            self.0.push(character);
        }
    }
}
