//! From an instruction to its line: the tables of CPython's code objects (its
//! `Objects/lnotab_notes.txt`, `Objects/locations.md` and `InternalDocs/code_objects.md`).
//!
//! They are read from their beginning to the instruction, byte by byte, so that they need not be copied whole.

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// 3.8 and 3.9, `co_lnotab`: a step of bytes, a step of lines.
    Pairs,
    /// 3.10, `co_linetable`: the bytes of a range, and the step of lines to it; -128: no line.
    Ranges,
    /// From 3.11 on, `co_linetable`: entries of one to many bytes, each with its range of instructions.
    Locations,
}

/// The line of the instruction at an offset in bytes, where the function begins in line `first`. `None`:
/// the table has none, or ends before.
#[must_use]
pub fn line_at(
    table: Table,
    first: u32,
    offset: u64,
    bytes: impl Iterator<Item = u8>,
) -> Option<u32> {
    let line = i64::from(first);
    let line = match table {
        Table::Pairs => in_pairs(line, offset, bytes),
        Table::Ranges => in_ranges(line, offset, bytes)?,
        Table::Locations => in_locations(line, offset, bytes)?,
    };
    u32::try_from(line).ok().filter(|&line| line > 0)
}

fn in_pairs(mut line: i64, offset: u64, mut bytes: impl Iterator<Item = u8>) -> i64 {
    let mut address = 0_u64;
    while let (Some(step), Some(lines)) = (bytes.next(), bytes.next()) {
        address += u64::from(step);
        if address > offset {
            break;
        }
        line = line.saturating_add(i64::from(lines as i8));
    }
    line
}

fn in_ranges(mut line: i64, offset: u64, mut bytes: impl Iterator<Item = u8>) -> Option<i64> {
    let mut end = 0_u64;
    while let (Some(step), Some(lines)) = (bytes.next(), bytes.next()) {
        let lines = lines as i8;
        let has_line = lines != i8::MIN;
        if has_line {
            line = line.saturating_add(i64::from(lines));
        }
        end += u64::from(step);
        if offset < end {
            return has_line.then_some(line);
        }
    }
    None
}

fn in_locations(mut line: i64, offset: u64, bytes: impl Iterator<Item = u8>) -> Option<i64> {
    /// The kinds of entries.
    const NONE: u8 = 15;
    const LONG: u8 = 14;
    const NO_COLUMNS: u8 = 13;
    const ONE_LINE: std::ops::RangeInclusive<u8> = 10..=12;
    let mut bytes = bytes.peekable();
    let mut end = 0_u64;
    while let Some(head) = bytes.next_if(|byte| byte & 0x80 != 0) {
        let kind = head >> 3 & 15;
        // The length is in instructions of two bytes.
        end += (u64::from(head & 7) + 1) * 2;
        let step = match kind {
            LONG | NO_COLUMNS => signed(&mut bytes)?,
            kind if ONE_LINE.contains(&kind) => i64::from(kind - 10),
            _ => 0,
        };
        line = line.saturating_add(step);
        if offset < end {
            return (kind != NONE).then_some(line);
        }
        // The rest of the entry has columns. Only an entry's first byte has its highest bit.
        while bytes.next_if(|byte| byte & 0x80 == 0).is_some() {}
    }
    None
}

/// A number of six bits a byte, whose lowest bit is its sign.
fn signed(bytes: &mut std::iter::Peekable<impl Iterator<Item = u8>>) -> Option<i64> {
    let (mut number, mut shift) = (0_i64, 0);
    loop {
        let byte = bytes.next_if(|byte| byte & 0x80 == 0)?;
        number |= i64::from(byte & 63) << shift;
        shift += 6;
        if byte & 64 == 0 {
            break;
        }
        if shift > 36 {
            return None;
        }
    }
    let size = number >> 1;
    Some(if number & 1 == 0 { size } else { -size })
}
