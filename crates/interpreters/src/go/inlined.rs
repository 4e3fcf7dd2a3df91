//! Functions that the compiler has put into others: their names, and the lines of the calls that are no calls any
//! more. Without them the user's line is often missing: `syscall.Read` is put into what calls it.
//!
//! A function's row says which inlined call an instruction is in; the calls are described in the program's
//! memory, from an address on that only the runtime's own record of the module has (`runtime.moduledata`).
//! It is found as what points to the table, in the sections of data.
//!
//! Surprising: where that record has the address depends on the version of Go, which is not known. So the places that
//! versions had are tried, and the first one is taken where all descriptions that are looked at make sense.

use crate::Process;
use crate::go::table::{Function, Place, Table};
use crate::memory::{u32_at, u64_at, whole, word};
use std::ops::Range;

/// Words of the record that were the address: of 1.18 and 1.19; of 1.20 to 1.25, 1.26, 1.27.
const OF_1_18: [u64; 1] = [38];
const OF_1_20: [u64; 4] = [40, 43, 41, 42];
/// The word that has the text's address, in all of them.
const TEXT: u64 = 22;
/// How many functions with inlined calls are looked at.
const LOOKED_AT: usize = 200;
/// Deeper is no call in a call.
const DEEPEST: usize = 64;

/// Where inlined calls are described.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inlined {
    /// The address that their places count from.
    base: u64,
    /// The text, as the runtime has it.
    pub text: u64,
}

/// A description.
struct Inline {
    name: u32,
    /// The instruction whose line is the call's, from the function's first one.
    call: u64,
}

impl Inlined {
    /// Finds the record of the module whose table is at this address, in these parts of the process's memory.
    /// `None`: before Go 1.18, or in another form than is known.
    pub fn find(
        process: &mut dyn Process,
        table: &Table<'_>,
        address: u64,
        data: &[Range<u64>],
    ) -> Option<Self> {
        let record = data.iter().find_map(|data| find(process, address, data))?;
        let text = word(process, record.checked_add(TEXT * 8)?)?;
        let places = if table.is_of_1_20() { &OF_1_20[..] } else { &OF_1_18[..] };
        places.iter().find_map(|place| {
            let base = word(process, record.checked_add(place * 8)?)?;
            let found = Self { base, text };
            found.makes_sense(process, table).then_some(found)
        })
    }

    fn makes_sense(self, process: &mut dyn Process, table: &Table<'_>) -> bool {
        let functions = table.functions().filter_map(|one| Some((one, table.inlined(one)?)));
        let mut looked_at = 0;
        for (function, (index, tree)) in functions.take(LOOKED_AT) {
            // The first call that is inlined there has the number 0.
            let Some(inline) = self.read(process, table, tree, 0) else { return false };
            let is_name = table.name(inline.name).is_some_and(|name| name.contains('.'));
            if !is_name || table.value(index, inline.call).is_none() || function.entry == 0 {
                return false;
            }
            looked_at += 1;
        }
        looked_at > 0
    }

    fn read(
        self,
        process: &mut dyn Process,
        table: &Table<'_>,
        tree: u32,
        number: u32,
    ) -> Option<Inline> {
        let (size, name, call) = if table.is_of_1_20() { (16, 4, 8) } else { (20, 12, 16) };
        let offset = u64::from(tree).checked_add(u64::from(number).checked_mul(size)?)?;
        let mut bytes = [0; 20];
        whole(process, self.base.checked_add(offset)?, &mut bytes[..usize::try_from(size).ok()?])?;
        let call = u64::from(u32_at(&bytes, call)?);
        Some(Inline { name: u32_at(&bytes, name)?, call })
    }

    /// What an instruction of a function belongs to, the innermost inlined call first, the function itself last.
    pub(super) fn places<'a>(
        self,
        process: &mut dyn Process,
        table: &Table<'a>,
        function: Function<'a>,
        address: u64,
        mut each: impl FnMut(Place<'a>),
    ) {
        let mut from_entry = address.saturating_sub(function.entry);
        if let Some((index, tree)) = table.inlined(function) {
            for _ in 0..DEEPEST {
                let number = table.value(index, from_entry).and_then(|n| u32::try_from(n).ok());
                let Some(number) = number else { break };
                let Some(inline) = self.read(process, table, tree, number) else { break };
                let Some(name) = table.name(inline.name) else { break };
                let (file, line) = table.line(function, from_entry);
                each(Place { function: name, file, line });
                from_entry = inline.call;
            }
        }
        if let Some(place) = table.at(function.entry.saturating_add(from_entry)) {
            each(place);
        }
    }
}

/// Where a part of memory has a word.
fn find(process: &mut dyn Process, wanted: u64, data: &Range<u64>) -> Option<u64> {
    /// More is no program's data.
    const MOST: u64 = 1 << 26;
    let mut piece = [0; 2048];
    let mut at = data.start.next_multiple_of(8);
    while at < data.end && at - data.start < MOST {
        let size = usize::try_from(data.end - at).ok()?.min(piece.len()) & !7;
        if size == 0 {
            return None;
        }
        let piece = &mut piece[..size];
        whole(process, at, piece)?;
        let mut words = (0..size).step_by(8);
        if let Some(offset) = words.find(|&offset| u64_at(piece, offset) == Some(wanted)) {
            return Some(at + offset as u64);
        }
        at += size as u64;
    }
    None
}
