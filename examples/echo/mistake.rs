//! What is wrong with a command line: each mistake is one line that says what to do, also if the
//! argument is not text.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;

/// What is wrong with the command line. Shown, it is a line for the user.
#[derive(Debug, PartialEq, Eq)]
pub enum Mistake<'a> {
    Unknown(&'a OsStr),
    GivenTwice(&'static Kind),
    NoValue(&'static Kind),
    NoNumber(&'static Kind, &'a OsStr),
    NoAddress(&'a OsStr),
}

impl fmt::Display for Mistake<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(argument) => {
                let argument = Printable(argument);
                write!(f, "unknown argument '{argument}'; --help lists what there is")
            }
            Self::GivenTwice(Kind { name, .. }) => write!(f, "{name} is given twice; give it once"),
            Self::NoValue(Kind { name, value }) => write!(f, "{name} needs a value: {value}"),
            Self::NoNumber(Kind { name, value }, text) => {
                write!(f, "{name} needs {value}, not '{}'", Printable(text))
            }
            Self::NoAddress(text) => {
                let text = Printable(text);
                write!(f, "--bind needs a numeric address such as 127.0.0.1 or ::1, not '{text}'")
            }
        }
    }
}

/// An option with a value, and what that has to be.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    pub name: &'static str,
    pub value: &'static str,
}

/// An argument as it can stand in one line: at most 199 characters, and control characters become '?'.
struct Printable<'a>(&'a OsStr);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chunks = self.0.as_bytes().utf8_chunks();
        let characters = chunks.flat_map(|chunk| {
            let invalid = (!chunk.invalid().is_empty()).then_some(char::REPLACEMENT_CHARACTER);
            chunk.valid().chars().chain(invalid)
        });
        for character in characters.take(199) {
            let shown = if character.is_ascii_control() { '?' } else { character };
            fmt::Write::write_char(f, shown)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Mistake;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn any_argument_is_reported_in_one_line() {
        let mistake = Mistake::Unknown(OsStr::from_bytes(b"a\nb\x1b\xff")).to_string();
        assert!(mistake.contains("'a?b?\u{fffd}'"), "{mistake}");
        let mistake = Mistake::Unknown(OsStr::from_bytes(&[b'x'; 1000])).to_string();
        assert!(mistake.contains(&format!(" '{}'", "x".repeat(199))), "{mistake}");
    }
}
