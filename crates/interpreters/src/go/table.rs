//! The parts of `.gopclntab`, and what it says of an instruction.
//!
//! Source: Go's `src/debug/gosym/pclntab.go` and `src/runtime/symtab.go`. All numbers are taken for what any bytes
//! may be: an offset that leads out of the table is an answer that is missing.

use crate::go::numbers::{Numbers, value_at};
use crate::memory::{u32_at, u64_at};

/// The formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// From Go 1.2 on: addresses; all offsets count from the table's beginning.
    V1_2,
    /// From 1.16 on: parts of their own.
    V1_16,
    /// From 1.18 on: addresses count from the text's beginning, in 32 bits.
    V1_18,
    /// From 1.20 on: a row has the function's first line too.
    V1_20,
}

/// A program's table.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    format: Format,
    quantum: u32,
    /// The number of functions.
    count: usize,
    /// Where the addresses count from.
    text: u64,
    names: &'a [u8],
    /// Where a unit's numbers of files lead to.
    units: &'a [u8],
    files: &'a [u8],
    values: &'a [u8],
    functions: &'a [u8],
}

/// What an instruction belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The function, with its package: `main.(*Server).read`.
    pub function: &'a str,
    /// The file; `None`: the compiler's own code.
    pub file: Option<&'a str>,
    /// The line.
    pub line: Option<u32>,
}

/// A function's row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Function<'a> {
    /// Its first instruction.
    pub entry: u64,
    /// What is known of it: name, tables of values.
    row: &'a [u8],
    /// The width of its first field.
    width: usize,
}

/// The fields of a row behind the entry, of 32 bits each.
const NAME: usize = 0;
const FRAME_SIZES: usize = 3;
const FILES: usize = 4;
const LINES: usize = 5;
const TABLES: usize = 6;
const UNIT: usize = 7;

impl<'a> Table<'a> {
    /// Reads the head of a table, whose program has its text at this address of its file: from 1.18 on addresses
    /// count from there. `None`: the format is not known.
    #[must_use]
    pub fn parse(bytes: &'a [u8], text: u64) -> Option<Self> {
        let format = match u32_at(bytes, 0)? {
            0xffff_fffb => Format::V1_2,
            0xffff_fffa => Format::V1_16,
            0xffff_fff0 => Format::V1_18,
            0xffff_fff1 => Format::V1_20,
            _ => return None,
        };
        let [zero, other_zero, quantum, pointer] = *bytes.get(4..8)?.first_chunk()?;
        let is_head = (zero, other_zero, pointer) == (0, 0, 8) && matches!(quantum, 1 | 2 | 4);
        let word = |place: usize| u64_at(bytes, 8 + place * 8);
        let count = usize::try_from(word(0).filter(|_| is_head)?).ok()?;
        let part = |place| bytes.get(usize::try_from(word(place)?).ok()?..);
        let quantum = u32::from(quantum);
        let parts = |first: usize| {
            Some(Self {
                format,
                quantum,
                count,
                text,
                names: part(first)?,
                units: part(first + 1)?,
                files: part(first + 2)?,
                values: part(first + 3)?,
                functions: part(first + 4)?,
            })
        };
        let table = match format {
            Format::V1_18 | Format::V1_20 => parts(3)?,
            Format::V1_16 => parts(2)?,
            Format::V1_2 => {
                let functions = bytes.get(16..)?;
                let rows = count.checked_mul(2)?.checked_add(1)?.checked_mul(8)?;
                let files = usize::try_from(u32_at(functions, rows)?).ok()?;
                let files = bytes.get(files..)?;
                let (names, units, values) = (bytes, &bytes[..0], bytes);
                Self { format, quantum, count, text, names, units, files, values, functions }
            }
        };
        let size = count.checked_mul(2)?.checked_add(1)?.checked_mul(table.width())?;
        (count > 0 && table.functions.len() >= size).then_some(table)
    }

    /// The function, the file and the line of an instruction, whose address is the file's own. What was
    /// inlined there is not told: the line is the innermost one, the function the outermost.
    #[must_use]
    pub fn at(&self, address: u64) -> Option<Place<'a>> {
        let function = self.function(address)?;
        let (file, line) = self.line(function, address - function.entry);
        Some(Place { function: self.name(function.field(NAME)?)?, file, line })
    }

    /// The file and the line of an instruction.
    pub(super) fn line(
        &self,
        function: Function<'a>,
        from_entry: u64,
    ) -> (Option<&'a str>, Option<u32>) {
        let value = |field| self.value(function.field(field)?, from_entry);
        let line = value(LINES).and_then(|line| u32::try_from(line).ok()).filter(|&line| line > 0);
        let file = value(FILES).and_then(|number| self.file(function, u32::try_from(number).ok()?));
        (file, line)
    }

    /// A function's name, by its offset.
    pub(super) fn name(&self, offset: u32) -> Option<&'a str> {
        text(self.names, usize::try_from(offset).ok()?)
    }

    /// How many bytes of the stack its function has taken at an instruction, the return address not among them.
    pub(super) fn frame_size(&self, address: u64) -> Option<u64> {
        let function = self.function(address)?;
        let size = self.value(function.field(FRAME_SIZES)?, address - function.entry)?;
        u64::try_from(size).ok()
    }

    /// Where a function has what was inlined into it: which of the calls an instruction is in (a table of
    /// values), and where these are described, from a place that the module knows.
    pub(super) fn inlined(&self, function: Function<'a>) -> Option<(u32, u32)> {
        /// `PCDATA_InlTreeIndex`, `FUNCDATA_InlTree`.
        const INDEX: usize = 2;
        const TREE: usize = 3;
        let head = match self.format {
            Format::V1_18 => 40,
            Format::V1_20 => 44,
            Format::V1_2 | Format::V1_16 => return None,
        };
        let tables = usize::try_from(function.field(TABLES)?).ok()?;
        let more = usize::from(*function.row.get(head - 1)?);
        let number = |place: usize| u32_at(function.row, head + place * 4);
        if tables <= INDEX || tables > 64 || more <= TREE {
            return None;
        }
        let tree = number(tables + TREE).filter(|&offset| offset != u32::MAX)?;
        Some((number(INDEX)?, tree))
    }

    /// The number of functions, and each of them.
    pub(super) fn functions(&self) -> impl Iterator<Item = Function<'a>> {
        (0..self.count).filter_map(|number| self.function(self.entry(number)?))
    }

    /// Whether what was inlined is described as from Go 1.20 on.
    pub(super) fn is_of_1_20(&self) -> bool {
        self.format == Format::V1_20
    }

    /// The same table where the text begins at another address.
    #[must_use]
    pub fn with_text(self, text: u64) -> Self {
        Self { text, ..self }
    }

    fn is_relative(&self) -> bool {
        matches!(self.format, Format::V1_18 | Format::V1_20)
    }

    /// The width of the numbers in the rows of functions.
    fn width(&self) -> usize {
        if self.is_relative() { 4 } else { 8 }
    }

    /// A number of the rows: an address, then where more is said, and so on; at last the end.
    fn number(&self, place: usize) -> Option<u64> {
        let at = place.checked_mul(self.width())?;
        match self.is_relative() {
            true => u32_at(self.functions, at).map(u64::from),
            false => u64_at(self.functions, at),
        }
    }

    fn entry(&self, number: usize) -> Option<u64> {
        let entry = self.number(number.checked_mul(2)?)?;
        if self.is_relative() { self.text.checked_add(entry) } else { Some(entry) }
    }

    pub(super) fn function(&self, address: u64) -> Option<Function<'a>> {
        // The entries are in order, and the end is behind them.
        let (mut low, mut high) = (0, self.count);
        if address < self.entry(0)? || address >= self.entry(self.count)? {
            return None;
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if self.entry(middle)? <= address { low = middle } else { high = middle }
        }
        let entry = self.entry(low).filter(|&entry| entry <= address)?;
        let offset = usize::try_from(self.number(low * 2 + 1)?).ok()?;
        let rows = if self.format == Format::V1_2 { self.names } else { self.functions };
        Some(Function { entry, row: rows.get(offset..)?, width: self.width() })
    }

    pub(super) fn value(&self, offset: u32, from_entry: u64) -> Option<i32> {
        if offset == 0 {
            return None;
        }
        let numbers = Numbers::from(self.values, usize::try_from(offset).ok()?)?;
        value_at(numbers, from_entry, self.quantum)
    }

    fn file(&self, function: Function<'a>, number: u32) -> Option<&'a str> {
        let number = usize::try_from(number).ok()?;
        if self.format == Format::V1_2 {
            let offset = u32_at(self.files, number.checked_mul(4)?)?;
            return text(self.names, usize::try_from(offset).ok()?);
        }
        // A unit has numbers of its own, which its list leads to.
        let unit = usize::try_from(function.field(UNIT)?).ok()?;
        let offset = u32_at(self.units, unit.checked_add(number)?.checked_mul(4)?)?;
        if offset == u32::MAX {
            return None;
        }
        text(self.files, usize::try_from(offset).ok()?)
    }
}

impl Function<'_> {
    fn field(&self, number: usize) -> Option<u32> {
        u32_at(self.row, self.width + number * 4)
    }
}

/// The text at an offset, up to its 0.
fn text(bytes: &[u8], offset: usize) -> Option<&str> {
    /// Longer is no name, nor a path.
    const LONGEST: usize = 1 << 16;
    let rest = bytes.get(offset..)?;
    let rest = &rest[..rest.len().min(LONGEST)];
    let end = rest.iter().position(|&byte| byte == 0)?;
    std::str::from_utf8(&rest[..end]).ok()
}
