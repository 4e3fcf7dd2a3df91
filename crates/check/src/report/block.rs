//! Lines of text in the sanitizers' manner: each begins with `==PID==`, so that the logs of several
//! processes stay readable when they are mixed.
//!
//! Names of functions and files come from the program's files: a control character in one would
//! reach the reader's terminal, and is written as an escape.

use crate::printable;

/// What is wrapped ends before this column, where it can.
const WIDTH: usize = 100;

/// A number, and what it counts.
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
    colour: bool,
    text: String,
}

impl Block {
    pub fn new(pid: u32, colour: bool) -> Self {
        Self { prefix: format!("=={pid}== "), colour, text: String::new() }
    }

    pub fn line(&mut self, line: &str) {
        self.styled(Style::Plain, line);
    }

    pub fn styled(&mut self, style: Style, line: &str) {
        let code = if self.colour { style.code() } else { "" };
        let end = if code.is_empty() { "" } else { "\x1b[0m" };
        self.text.push_str(&self.prefix);
        self.text.push_str(code);
        self.text.push_str(&printable::text(line));
        self.text.push_str(end);
        self.text.push('\n');
    }

    /// A text of words, on as many lines as it needs. The first begins with `label`, the others
    /// with as many blanks as `indent` says.
    pub fn wrapped(&mut self, label: &str, indent: usize, text: &str) {
        let width = WIDTH - self.prefix.len();
        let mut line = label.to_owned();
        let mut is_empty = true;
        for word in text.split_whitespace() {
            if !is_empty && line.chars().count() + 1 + word.chars().count() > width {
                self.line(&line);
                line = " ".repeat(indent);
                is_empty = true;
            }
            if !is_empty {
                line.push(' ');
            }
            line.push_str(word);
            is_empty = false;
        }
        self.line(&line);
    }

    pub fn into_text(self) -> String {
        self.text
    }
}
