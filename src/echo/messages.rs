//! What the server says: where it listens, on stdout; everything else on stderr, with its name before it.

use std::fmt::Display;
use std::io::{self, Write};

/// Text on stdout, which is then flushed.
pub fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// One line on stderr. An error is ignored: where stderr is gone, there is no reader.
pub fn say(message: impl Display) {
    let line = format!("epshim-echo: {message}\n");
    let _ = io::stderr().write_all(line.as_bytes());
}
