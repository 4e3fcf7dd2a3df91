//! One line on standard error, made without allocation: complaints about options, and that the checker
//! failed.
//!
//! Surprising: the line goes where standard error was when the program started, or nowhere. See
//! `destination.rs`.

use crate::output::destination::Destination;
use crate::runtime::process;
use epshim_report::printable;
use std::fmt::Write;
use std::sync::OnceLock;

/// As it was when the program started.
static STDERR: OnceLock<Destination> = OnceLock::new();

/// Before the checking starts: sees what standard error is.
pub fn prepare() {
    stderr();
}

/// Standard error, as it was when the program started.
pub fn stderr() -> &'static Destination {
    STDERR.get_or_init(|| Destination::new(None))
}

/// Writes one line on standard error, in one write. Names in it come from outside, and are shown as
/// they may be.
pub fn say(what: std::fmt::Arguments<'_>) {
    let mut line = Line { bytes: [0; 256], length: 0, is_full: false };
    // What does not fit is left out.
    let _ = write!(line, "=={}== epshim: {what}", process::id());
    line.bytes[line.length] = b'\n';
    // If the program has closed it, the line is lost.
    stderr().write(process::id().unsigned_abs(), &line.bytes[..=line.length]);
}

/// Text without allocation. The last byte is for the end of the line.
struct Line {
    bytes: [u8; 256],
    length: usize,
    is_full: bool,
}

impl Line {
    fn push(&mut self, character: char) {
        let mut bytes = [0; 4];
        let bytes = character.encode_utf8(&mut bytes).as_bytes();
        let end = self.length + bytes.len();
        self.is_full |= end >= self.bytes.len();
        if !self.is_full {
            self.bytes[self.length..end].copy_from_slice(bytes);
            self.length = end;
        }
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for character in text.chars() {
            if printable::is_command(character) {
                character.escape_default().for_each(|character| self.push(character));
            } else {
                self.push(character);
            }
        }
        Ok(())
    }
}
