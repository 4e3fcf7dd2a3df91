//! `/tmp/perf-PID.map`: the functions that a just-in-time compiler has made, as it may list them for perf(1)
//! (`tools/perf/Documentation/jit-interface.txt` in the kernel's tree): address, size, name, a line each.
//!
//! Any user may make a file of that name. Whether it is the program's own user's, and no link, is the caller's to
//! check before it reads the file.
//!
//! Surprising: code is made again at addresses that were used before. The line that was written last holds.

use std::ops::Range;

/// A function that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Function {
    start: u64,
    size: u64,
    /// Where in the text its name is.
    name: Range<usize>,
}

/// The functions of a file.
#[derive(Debug, Default)]
pub struct Map {
    text: Vec<u8>,
    functions: Vec<Function>,
}

/// More functions than these are not kept.
const MOST: usize = 1 << 20;

impl Map {
    /// Reads a file's text. Lines that are not as they should be are left out: the last one may be half written.
    #[must_use]
    pub fn parse(text: Vec<u8>) -> Self {
        let mut end = 0;
        let lines = text.split(|&byte| byte == b'\n').filter_map(|line| {
            end += line.len() + 1;
            function(std::str::from_utf8(line).ok()?, end - line.len() - 1)
        });
        let mut functions: Vec<_> = lines.take(MOST).collect();
        // Of two at the same address the later one stays behind the other.
        functions.sort_by_key(|function| function.start);
        Self { text, functions }
    }

    /// The name of the function that an address is in, as the compiler writes it: `JS:~serve app.js:3:15`,
    /// `py::serve:/srv/app.py`.
    #[must_use]
    pub fn at(&self, address: u64) -> Option<&str> {
        /// One that began before may reach over those that were made in its place.
        const LOOKED_AT: usize = 64;
        let end = self.functions.partition_point(|function| function.start <= address);
        let mut before = self.functions.get(..end)?.iter().rev().take(LOOKED_AT);
        let found = before.find(|function| address - function.start < function.size)?;
        std::str::from_utf8(self.text.get(found.name.clone())?).ok()
    }
}

/// A line, which begins at this byte of the text.
fn function(line: &str, begin: usize) -> Option<Function> {
    let (start, rest) = line.split_once(' ')?;
    let (size, name) = rest.split_once(' ')?;
    let number = |text: &str| u64::from_str_radix(text.trim_start_matches("0x"), 16).ok();
    let place = begin + line.len() - name.len();
    let name = place..place + name.trim_end().len();
    (!name.is_empty()).then_some(Function { start: number(start)?, size: number(size)?, name })
}

#[cfg(test)]
mod tests {
    use super::Map;

    #[test]
    fn an_address_has_the_function_that_was_written_last() {
        let map = b"7f00 10 JS:~old a.js:1:1\n7f00 20 JS:^new a.js:9:2\n8000 8 py::f:/srv/a b.py\n";
        let map = Map::parse(map.to_vec());
        let name = |address| map.at(address);
        assert_eq!(name(0x7f00), Some("JS:^new a.js:9:2"));
        assert_eq!(name(0x7f1f), Some("JS:^new a.js:9:2"));
        assert_eq!(name(0x7f20), None);
        assert_eq!(name(0x8007), Some("py::f:/srv/a b.py"));
        assert_eq!(name(0x7eff), None);
    }

    #[test]
    fn lines_that_are_half_written_are_left_out() {
        let map = Map::parse(b"7f00\n7f00 zz name\n\xff 1 x\n9000 10 whole\n9100 10".to_vec());
        assert_eq!(map.at(0x9001), Some("whole"));
        assert_eq!(map.at(0x7f00), None);
        assert_eq!(map.at(0x9100), None);
    }
}
