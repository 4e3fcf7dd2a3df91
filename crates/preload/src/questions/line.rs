//! A line of a program whose language is not compiled to it, and room for the lines that an interpreter says.
//!
//! The room lies on the stack and has a fixed size: what fills it runs outside of the book-keeping, where the
//! library's own heap is not to be used.

use std::ops::Range;

/// The most lines of a thread, the innermost first.
pub const MOST_LINES: usize = 24;
/// The bytes of all names together. Lines whose names find no room are left out, with those behind them.
const ROOM: usize = 5 << 10;
/// A name has at most this number of bytes.
pub const LONGEST: usize = 512;

/// A function that a thread is in, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// The file, as the language names it.
    pub file: String,
    /// The function, with its class where the language says it; of PHP the function that the line calls.
    pub function: String,
    /// The line; 0: not known.
    pub line: u32,
}

/// Lines, as bytes.
#[derive(Debug)]
pub struct Room {
    bytes: [u8; ROOM],
    used: usize,
    lines: [(Range<u16>, Range<u16>, u32); MOST_LINES],
    count: usize,
}

impl Room {
    /// Without a line.
    pub fn new() -> Self {
        Self { bytes: [0; ROOM], used: 0, lines: [const { (0..0, 0..0, 0) }; MOST_LINES], count: 0 }
    }

    /// Adds a line outside of the others. False: there is no room for it, nor for another.
    pub fn add(&mut self, file: &[u8], function: &[u8], line: u32) -> bool {
        let (before, count) = (self.used, self.count);
        let (file, function) = (self.store(file), self.store(function));
        match (file, function, self.lines.get_mut(count)) {
            (Some(file), Some(function), Some(place)) => {
                *place = (file, function, line);
                self.count += 1;
                self.count < MOST_LINES
            }
            _ => {
                self.used = before;
                false
            }
        }
    }

    fn store(&mut self, name: &[u8]) -> Option<Range<u16>> {
        let name = &name[..name.len().min(LONGEST)];
        let place = self.used..self.used + name.len();
        self.bytes.get_mut(place.clone())?.copy_from_slice(name);
        self.used = place.end;
        Some(place.start as u16..place.end as u16)
    }

    /// The lines, the innermost first.
    pub fn lines(&self) -> Vec<Line> {
        let text = |place: &Range<u16>| {
            let bytes = &self.bytes[usize::from(place.start)..usize::from(place.end)];
            String::from_utf8_lossy(bytes).into_owned()
        };
        let line = |(file, function, line): &(Range<u16>, Range<u16>, u32)| Line {
            file: text(file),
            function: text(function),
            line: *line,
        };
        self.lines[..self.count].iter().map(line).collect()
    }
}
