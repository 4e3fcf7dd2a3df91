//! One line on standard error, made without allocation: complaints about options, and that the checker
//! failed.
//!
//! Surprising: the line goes where standard error was when the program started, or nowhere. See
//! `destination.rs`.

use crate::output::destination::Destination;
use crate::runtime::process;
use std::fmt::Write;
use std::sync::OnceLock;

/// As it was when the program started.
static STDERR: OnceLock<Destination> = OnceLock::new();

/// Before the checking starts: sees what standard error is.
pub fn prepare() {
    STDERR.get_or_init(|| Destination::new(None));
}

/// Writes one line on standard error, in one write.
pub fn say(what: std::fmt::Arguments<'_>) {
    let mut line = Line { bytes: [0; 256], length: 0 };
    // What does not fit is left out.
    let _ = writeln!(line, "=={}== epshim: {what}", process::id());
    let stderr = STDERR.get_or_init(|| Destination::new(None));
    // If the program has closed it, the line is lost.
    stderr.write(process::id().unsigned_abs(), &line.bytes[..line.length]);
}

/// Text without allocation.
struct Line {
    bytes: [u8; 256],
    length: usize,
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let room = &mut self.bytes[self.length..];
        let fits = text.len().min(room.len());
        room[..fits].copy_from_slice(&text.as_bytes()[..fits]);
        self.length += fits;
        Ok(())
    }
}
