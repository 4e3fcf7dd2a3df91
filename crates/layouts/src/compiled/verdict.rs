//! The comparison of what was found with the golden table.
//!
//! The size, both offsets and the width of the events can be wrong; then the kernel reads and writes elsewhere than
//! the program. An alignment that differs while all of these are right moves nothing in an array or on its own: it is
//! told, and is wrong only to those who are strict. Zig's standard library has 4 on x86-64, where C has 1.
//!
//! What is not understood is never right.

use super::found::{Certainty, Definition, Part};
use super::target::Expected;

/// One number that is not the table's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// By its name in the table.
    pub field: &'static str,
    /// The table's.
    pub expected: u64,
    /// The program's.
    pub found: u64,
}

/// What a definition is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// All that is recorded is the table's.
    Right,
    /// All but the alignment is.
    Misaligned(Difference),
    /// The kernel and the program do not mean the same bytes.
    Wrong(Vec<Difference>),
    /// It cannot be said, and why.
    Unknown(String),
}

/// Compares.
pub fn verdict(definition: &Definition, expected: &Expected) -> Verdict {
    let found = &definition.found;
    let table = &expected.layout;
    let difference =
        |field, expected: u32, found| Difference { field, expected: expected.into(), found };
    let size = difference("size", table.size, found.size);
    let (events, data) = match &found.parts {
        Ok(parts) => *parts,
        // The kernel's array then has other places, so what is in them does not matter.
        Err(_) if definition.certainty == Certainty::Certain && size.expected != size.found => {
            return Verdict::Wrong(vec![size]);
        }
        Err(reason) => return Verdict::Unknown(reason.clone()),
    };
    if definition.certainty == Certainty::Named && events.offset != 0 {
        return Verdict::Unknown("its events are not at its begin".to_owned());
    }
    let Part { offset: events_offset, width: events_size } = events;
    let all = [
        size,
        difference("events_offset", table.events_offset, events_offset),
        difference("events_size", 4, events_size),
        difference("data_offset", table.data_offset, data.offset),
        difference("data_size", 8, data.width),
    ];
    let wrong: Vec<_> = all.into_iter().filter(|one| one.expected != one.found).collect();
    if !wrong.is_empty() {
        return Verdict::Wrong(wrong);
    }
    let align =
        found.align.filter(|&found| expected.is_align_agreed && found != table.align.into());
    align.map_or(Verdict::Right, |found| {
        Verdict::Misaligned(difference("align", table.align, found))
    })
}
