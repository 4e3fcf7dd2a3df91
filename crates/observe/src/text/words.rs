//! The words of a line, one after the other; and texts that have to be one word.
//!
//! A text is one word when what would end the word, or start a comment, is written as `\` and two
//! hexadecimal digits; and an empty one is `-`.

use super::names;
use crate::errno;
use crate::terms::{Fd, Nanos};
use std::fmt;

pub(super) type Parsed<T> = Result<T, String>;

/// The words that are left of a line.
pub(super) struct Words<'a> {
    words: std::vec::IntoIter<&'a str>,
}

impl<'a> Words<'a> {
    pub fn new(words: Vec<&'a str>) -> Self {
        Self { words: words.into_iter() }
    }

    pub fn peek(&self) -> Option<&'a str> {
        self.words.as_slice().first().copied()
    }

    pub fn next(&mut self) -> Parsed<&'a str> {
        self.words.next().ok_or_else(|| "something is missing at its end".to_owned())
    }

    pub fn end(&mut self) -> Parsed<()> {
        match self.words.next() {
            Some(word) => Err(format!("{word:?} is one word too many")),
            None => Ok(()),
        }
    }

    /// The word, which may be written behind a name and `=`.
    pub fn named(&mut self, name: &str) -> Parsed<&'a str> {
        let word = self.next()?;
        let value = word.strip_prefix(name).and_then(|rest| rest.strip_prefix('='));
        Ok(value.unwrap_or(word))
    }

    pub fn fd(&mut self, name: &str) -> Parsed<Fd> {
        descriptor(self.named(name)?)
    }

    /// The value of a word that must have its name, if it is there.
    pub fn option(&mut self, name: &str) -> Option<&'a str> {
        let value = self.peek()?.strip_prefix(name)?.strip_prefix('=')?;
        self.words.next();
        Some(value)
    }

    /// Whether this word comes next; it is taken then.
    pub fn is(&mut self, word: &str) -> bool {
        let is_it = self.peek() == Some(word);
        if is_it {
            self.words.next();
        }
        is_it
    }

    pub fn number(&mut self) -> Parsed<u64> {
        number(self.next()?)
    }

    pub fn errno(&mut self) -> Parsed<i32> {
        errno(self.next()?)
    }

    pub fn events(&mut self) -> Parsed<u32> {
        events(self.next()?)
    }

    pub fn time(&mut self) -> Parsed<Nanos> {
        time(self.next()?)
    }

    pub fn text(&mut self) -> Parsed<String> {
        text(self.next()?)
    }
}

pub(super) fn descriptor(word: &str) -> Parsed<Fd> {
    word.parse().map_err(|_| format!("{word:?} is no descriptor"))
}

pub(super) fn number(word: &str) -> Parsed<u64> {
    let number = match word.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => word.parse(),
    };
    number.map_err(|_| format!("{word:?} is no number"))
}

pub(super) fn errno(word: &str) -> Parsed<i32> {
    errno::number(word).ok_or_else(|| format!("{word:?} is no errno"))
}

pub(super) fn events(word: &str) -> Parsed<u32> {
    names::events(word).ok_or_else(|| format!("{word:?} are no events"))
}

pub(super) fn time(word: &str) -> Parsed<Nanos> {
    names::time(word).ok_or_else(|| format!("{word:?} is no time"))
}

/// Two numbers: `1:2`.
pub(super) fn pair(word: &str) -> Parsed<(u64, u64)> {
    let (first, second) = word.split_once(':').ok_or_else(|| format!("{word:?} is no file"))?;
    Ok((number(first)?, number(second)?))
}

pub(super) fn text(word: &str) -> Parsed<String> {
    unescaped(word).ok_or_else(|| format!("{word:?} is no text"))
}

/// A text as one word.
pub(super) struct Text<'a>(pub &'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("-");
        }
        for byte in self.0.bytes() {
            let ends_word = !byte.is_ascii_graphic() || matches!(byte, b'#' | b'\\' | b'@' | b',');
            if ends_word || self.0 == "-" {
                write!(f, "\\{byte:02x}")?;
            } else {
                write!(f, "{}", char::from(byte))?;
            }
        }
        Ok(())
    }
}

fn unescaped(word: &str) -> Option<String> {
    if word == "-" {
        return Some(String::new());
    }
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        if byte == b'\\' {
            let (digits, after) = after.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = after;
        } else {
            bytes.push(byte);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}
