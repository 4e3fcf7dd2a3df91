//! How an answer reaches the terminal: one text, written at once, in colour where that is wanted; and how
//! a complaint does.
//!
//! Names come from outside. In an answer in words they are [`shown`], each where it is put in; a
//! complaint is made harmless as a whole.

use crate::inherited;
use anstyle::{AnsiColor, Style};
use epshim_report::printable;
use serde::Serialize;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::ffi::OsStrExt as _;

/// Headings.
pub const BOLD: Style = Style::new().bold();
/// Equal.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// Different.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// Ends any style.
pub const PLAIN: anstyle::Reset = anstyle::Reset;

/// Writes a complaint on standard error. Nothing can be done about a closed one.
pub fn complain(reason: &str) {
    let lines: Vec<_> = reason.split('\n').map(printable::text).collect();
    let _ = writeln!(anstream::stderr(), "{BAD}epshim:{PLAIN} {}", lines.join("\n"));
}

/// A name as it may be shown.
pub fn shown(name: impl AsRef<OsStr>) -> String {
    printable::bytes(name.as_ref().as_bytes()).into_owned()
}

/// An answer: what to print, and whether what was compared is equal.
#[derive(Debug)]
pub struct Output {
    pub text: String,
    pub equal: bool,
    /// What has no answer, of several things: each with its reason.
    pub unanswered: Vec<String>,
}

impl Output {
    /// An answer in words.
    pub fn text(text: String, equal: bool) -> Self {
        Self { text, equal, unanswered: Vec::new() }
    }

    /// An answer as JSON.
    pub fn json(value: &impl Serialize, equal: bool) -> Self {
        let text = serde_json::to_string_pretty(value).expect("keys are strings");
        Self::text(printable::json(text) + "\n", equal)
    }

    /// Prints the answer, and returns the exit code. A reader who has seen enough (`| head`) is no
    /// failure.
    pub fn print(self) -> Result<u8, String> {
        // `anstream` strips the colours unless this is a terminal without NO_COLOR.
        let mut out = anstream::stdout().lock();
        let outcome = out.write_all(self.text.as_bytes()).and_then(|()| out.flush());
        written(outcome)?;
        self.unanswered.iter().for_each(|reason| complain(reason));
        Ok(match (self.equal, self.unanswered.is_empty()) {
            (false, _) => 1,
            (true, false) => 2,
            (true, true) => 0,
        })
    }
}

/// What is to be said of the outcome of writing on standard output.
pub fn written(outcome: io::Result<()>) -> Result<(), String> {
    match outcome {
        // The runtime has put /dev/null there, which takes all.
        Ok(()) if inherited::was_closed(1) => {
            Err("cannot write to standard output: it is closed".to_owned())
        }
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(format!("cannot write to standard output: {error}"))
        }
        _ => Ok(()),
    }
}

/// One cell of a table.
#[derive(Debug, Clone)]
pub struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    pub fn styled(text: impl ToString, style: Style) -> Self {
        Self { text: text.to_string(), style }
    }
}

impl<T: ToString> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::styled(text, Style::new())
    }
}

/// Lines of cells as columns: the first is aligned to the left, the others to the right.
pub fn columns(lines: &[Vec<Cell>]) -> String {
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.text.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..lines.iter().map(Vec::len).max().unwrap_or(0)).map(width).collect();
    let mut text = String::new();
    for line in lines {
        let used = line.iter().rposition(|cell| !cell.text.is_empty()).map_or(0, |last| last + 1);
        for (column, Cell { text: cell, style }) in line[..used].iter().enumerate() {
            let space = " ".repeat(widths[column] - cell.chars().count());
            let (before, after) = match column {
                0 if used == 1 => ("", ""),
                0 => ("", &*space),
                _ => (&*space, ""),
            };
            let gap = if column == 0 { "" } else { "  " };
            write!(text, "{gap}{before}{style}{cell}{style:#}{after}")
                .expect("a string takes any text");
        }
        text.push('\n');
    }
    text
}

/// The first line of a table.
pub fn heading<const N: usize>(names: [&str; N]) -> Vec<Cell> {
    names.iter().map(|name| Cell::styled(name, BOLD)).collect()
}
