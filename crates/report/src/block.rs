//! Lines of text in the sanitizers' manner: each begins with `==PID==`, so that the logs of several
//! processes stay readable when they are mixed.
//!
//! Names of functions and files come from the program's files: a control character in one would
//! reach the reader's terminal, and is written as an escape.
//!
//! Surprising: only a terminal's own width is followed. In a file or a pipe sentences end before column
//! 100 on every machine, and a line that is no sentence (a frame, a SUMMARY) is never broken: what
//! reads a report there finds the same lines everywhere.

use crate::printable;
use textwrap::{Options, WordSeparator, WordSplitter, wrap};

/// Sentences in a file or a pipe end before this column, where they can.
const COLUMNS: usize = 100;

/// Fewer columns than these are taken for this many: a word a line helps no reader.
const FEWEST: usize = 40;

/// What a text is written on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Medium {
    /// It is to be coloured.
    pub colour: bool,
    /// The columns of the terminal; `None`: it is no terminal, or it does not say.
    pub columns: Option<u16>,
}

/// A number, and what it counts.
#[must_use]
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// How a line is coloured.
#[derive(Debug, Clone, Copy)]
pub enum Style {
    Plain,
    Bold,
    Red,
    Yellow,
    Cyan,
}

impl Style {
    /// "Select Graphic Rendition" of ECMA-48, 8.3.117.
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Bold => "\x1b[1m",
            Self::Red => "\x1b[1;31m",
            Self::Yellow => "\x1b[1;33m",
            Self::Cyan => "\x1b[1;36m",
        }
    }
}

/// Lines, in the making.
pub struct Block {
    prefix: String,
    medium: Medium,
    text: String,
}

impl Block {
    pub fn new(pid: u32, medium: Medium) -> Self {
        Self { prefix: format!("=={pid}== "), medium, text: String::new() }
    }

    pub fn line(&mut self, line: &str) {
        self.styled(Style::Plain, line);
    }

    /// One line; on a terminal as many as it needs there, the others a little further to the right.
    pub fn styled(&mut self, style: Style, line: &str) {
        let line = printable::text(line);
        let text = line.trim_start_matches(' ');
        let (indent, rest) = line.split_at(line.len() - text.len());
        if self.medium.columns.is_none() {
            return self.push(style, &line);
        }
        for line in wrapped(rest, indent, &format!("{indent}  "), self.width()) {
            self.push(style, &line);
        }
    }

    /// A text of words, on as many lines as it needs. The first begins with `label`, the others
    /// with as many blanks as `indent` says.
    pub fn wrapped(&mut self, label: &str, indent: usize, text: &str) {
        let words: Vec<&str> = text.split_whitespace().collect();
        let text = printable::text(&words.join(" ")).into_owned();
        for line in wrapped(&text, label, &" ".repeat(indent), self.width()) {
            self.push(Style::Plain, &line);
        }
    }

    /// The columns that are left beside the prefix.
    fn width(&self) -> usize {
        let columns = self.medium.columns.map_or(COLUMNS, |columns| FEWEST.max(columns.into()));
        columns.saturating_sub(self.prefix.len()).max(1)
    }

    fn push(&mut self, style: Style, line: &str) {
        let code = if self.medium.colour { style.code() } else { "" };
        let end = if code.is_empty() { "" } else { "\x1b[0m" };
        self.text.extend([&self.prefix, code, line, end, "\n"]);
    }

    pub fn into_text(self) -> String {
        self.text
    }
}

/// A text in lines of at most this width, broken at blanks only: paths and numbers stay whole, to be copied. The
/// first begins with `first`, the others with `others`.
#[must_use]
pub fn wrapped(text: &str, first: &str, others: &str, width: usize) -> Vec<String> {
    let options = Options::new(width)
        .initial_indent(first)
        .subsequent_indent(others)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation);
    wrap(text, options).into_iter().map(std::borrow::Cow::into_owned).collect()
}
