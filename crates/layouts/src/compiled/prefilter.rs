//! Which units are worth reading.
//!
//! A unit that has none of the names' places among its bytes, in any alignment, cannot name one. So the bytes are
//! looked at before anything is read, which takes a nanosecond each; in most programs nearly all units end here.
//! Names that stand in the unit itself, and those that it has by a number, are looked for as well.
//!
//! Surprising: a number that happens to be such a place lets a unit pass. It is read then, and nothing is found.

use super::names::Marks;
use super::section::number;
use super::units::{Program, Unit};
use gimli::RunTimeEndian;

/// Whether a unit may have a name that counts: by the bytes of its entries.
pub fn may_name<'a>(program: &Program<'a>, unit: &Unit<'a>) -> bool {
    let piece = &program.pieces[unit.piece];
    let sections = &piece.sections;
    let shared = piece.shared.map(|shared| &program.pieces[shared].marks);
    let shared = shared.filter(|marks| !marks.is_empty());
    let section = if unit.types { sections.types } else { sections.info };
    let Some(bytes) = section.get(unit.begin..unit.end.min(section.len())) else { return false };
    let big = program.endian == RunTimeEndian::Big;
    let any = |marks: &Marks| {
        let places = bytes.windows(4).map(|four| {
            let four = [four[0], four[1], four[2], four[3]];
            let place = if big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) };
            place as usize
        });
        !marks.is_empty() && { places }.any(|place| marks.has(place))
    };
    any(&piece.marks) || shared.is_some_and(|marks| any(marks)) || indexes(program, unit)
}

/// Whether one of a unit's numbered strings counts.
fn indexes<'a>(program: &Program<'a>, unit: &Unit<'a>) -> bool {
    let piece = &program.pieces[unit.piece];
    if piece.marks.is_empty() || piece.sections.str_offsets.is_empty() {
        return false;
    }
    let Ok(root) = program.root(unit) else { return false };
    let word = usize::from(unit.header.format().word_size());
    // DWARF 5 has the length before them, 4 bytes before the first; DWARF 4 has the whole section.
    let length = || {
        let from = root.str_offsets_base.checked_sub(4 + word)?;
        let bytes = piece.sections.str_offsets.get(from..from + word)?;
        usize::try_from(number(bytes, program.endian == RunTimeEndian::Big)).ok()
    };
    let count = match unit.header.version() {
        ..=4 => piece.sections.str_offsets.len() / word,
        _ => length().unwrap_or(usize::MAX).saturating_sub(4) / word,
    };
    let strings = (0..count).map(|index| program.string_offset(unit, root.str_offsets_base, index));
    strings.map_while(|offset| offset).any(|offset| piece.marks.has(offset))
}
