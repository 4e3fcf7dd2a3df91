//! Lines of the text, wrapped where the words allow it.

use super::words::shown;
use epshim_report::wrapped;
use std::fmt::Write as _;

/// Columns of a line.
pub const WIDTH: usize = 110;

/// Writes a line, wrapped, each part indented.
pub fn line(text: &mut String, indent: usize, words: &str) {
    let words = shown(words);
    for line in wrapped(&words, &" ".repeat(indent), &" ".repeat(indent + 2), WIDTH) {
        let _ = writeln!(text, "{line}");
    }
}
