//! The stacks that are kept, each once, as words: the return addresses; then, behind a 0, two words for each
//! line of the program's language; then, behind another, the number of the stack that the descriptor belongs to.
//!
//! So stacks are compared as words are, and what is already kept costs no allocation. Names of files and
//! functions are kept once too, and have numbers.
//!
//! Surprising: a stack that is one too many is not kept; its call has its own address only.

use crate::questions::line::Line;
use std::collections::BTreeMap;

/// The number of different stacks that are kept.
const STACKS: usize = 4096;
/// The number of different names. One more is not kept, nor is the stack that it is in.
const NAMES: usize = 8192;

/// What is known of a site.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The return addresses, the innermost first.
    pub addresses: Vec<usize>,
    /// The lines of the program's language, the innermost first.
    pub lines: Vec<Line>,
    /// The number of the stack that the descriptor belongs to.
    pub belongs: Option<u64>,
}

/// The stacks.
#[derive(Debug)]
pub struct Kept {
    stacks: Vec<Box<[usize]>>,
    /// Sorted and not hashed: a hash is seeded with what may have to be read from a file.
    numbers: BTreeMap<Box<[usize]>, u64>,
    names: Vec<Box<str>>,
    numbers_of_names: BTreeMap<Box<str>, usize>,
    /// The stack that is looked for.
    words: Vec<usize>,
}

impl Kept {
    /// None yet.
    pub const fn new() -> Self {
        Self {
            stacks: Vec::new(),
            numbers: BTreeMap::new(),
            names: Vec::new(),
            numbers_of_names: BTreeMap::new(),
            words: Vec::new(),
        }
    }

    /// How many there are, which is the number of the next one.
    pub fn count(&self) -> u64 {
        self.stacks.len() as u64
    }

    /// The number of a stack. `None`: there are too many.
    pub fn number(
        &mut self,
        addresses: &[usize],
        lines: &[Line],
        belongs: Option<u64>,
    ) -> Option<u64> {
        let mut words = std::mem::take(&mut self.words);
        words.clear();
        words.extend(addresses);
        let is_whole = self.add_lines(&mut words, lines, belongs);
        let number = is_whole.and_then(|()| self.number_of(&words));
        self.words = words;
        number
    }

    fn add_lines(
        &mut self,
        words: &mut Vec<usize>,
        lines: &[Line],
        belongs: Option<u64>,
    ) -> Option<()> {
        if lines.is_empty() && belongs.is_none() {
            return Some(());
        }
        words.push(0);
        for Line { file, function, line } in lines {
            let (file, function) = (self.name(file)?, self.name(function)?);
            words.push(file * NAMES + function);
            // Not 0, which is what comes next.
            words.push(*line as usize + 1);
        }
        words.push(0);
        words.extend(belongs.map(|number| number as usize));
        Some(())
    }

    fn name(&mut self, name: &str) -> Option<usize> {
        if let Some(&number) = self.numbers_of_names.get(name) {
            return Some(number);
        }
        // A product of two numbers that is 0 would be the end of the lines.
        let number = self.names.len() + 1;
        if number >= NAMES {
            return None;
        }
        self.names.push(name.into());
        self.numbers_of_names.insert(name.into(), number);
        Some(number)
    }

    fn number_of(&mut self, words: &[usize]) -> Option<u64> {
        if let Some(&number) = self.numbers.get(words) {
            return Some(number);
        }
        if self.stacks.len() == STACKS {
            return None;
        }
        let number = self.stacks.len() as u64;
        self.stacks.push(words.into());
        self.numbers.insert(words.into(), number);
        Some(number)
    }

    /// The stack of this number.
    pub fn find(&self, number: u64) -> Option<Found> {
        let words = self.stacks.get(usize::try_from(number).ok()?)?;
        let mut parts = words.splitn(3, |&word| word == 0);
        let addresses = parts.next().unwrap_or_default().to_vec();
        let lines = parts.next().unwrap_or_default();
        let lines = lines.chunks_exact(2).map(|pair| Line {
            file: self.name_of(pair[0] / NAMES),
            function: self.name_of(pair[0] % NAMES),
            line: u32::try_from(pair[1] - 1).unwrap_or(0),
        });
        let lines = lines.collect();
        let belongs = parts.next().and_then(|words| words.first()).map(|&number| number as u64);
        Some(Found { addresses, lines, belongs })
    }

    fn name_of(&self, number: usize) -> String {
        let name = number.checked_sub(1).and_then(|place| self.names.get(place));
        name.map_or_else(String::new, |name| name.to_string())
    }
}
