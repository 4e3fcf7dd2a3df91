//! A structure's size, and which of its members are the events and the data.
//!
//! The members are laid out flat, through structures that wrap others. The events are 32 bits, the data 8 bytes,
//! in one piece or, as Go writes them, in two. What is more than that must be padding by its name: a structure
//! of an integer, an integer and a pointer is another one. What is unknown stays unknown: a member whose type
//! is in a type unit that is not there has no width.

use super::entry::Entry;
use super::found::{Found, Part};
use super::units::{Place, Program};
use gimli::constants as dw;

/// How far a type is followed through others.
const DEEPEST: usize = 16;
/// The members of a structure that is still looked at.
const MOST: usize = 16;

/// Whether an entry is a structure.
pub fn is_structure(tag: dw::DwTag) -> bool {
    matches!(tag, dw::DW_TAG_structure_type | dw::DW_TAG_class_type)
}

/// The layout of the structure that an entry defines.
pub fn read<'a>(program: &Program<'a>, entry: &Entry<'a>) -> Option<Found> {
    let size = entry.size.filter(|_| !entry.is_declaration)?;
    let mut leaves = Vec::new();
    let parts = match flatten(program, entry, 0, 0, &mut leaves) {
        Ok(()) => parts(&mut leaves),
        Err(reason) => Err(reason),
    };
    Some(Found { size, align: entry.align, parts })
}

/// The type behind names and qualifiers, and a definition instead of its mention.
pub fn strip<'a>(program: &Program<'a>, mut place: Place) -> Option<Entry<'a>> {
    for _ in 0..DEEPEST {
        let entry = Entry::at(program, place)?;
        let next = match entry.tag {
            dw::DW_TAG_typedef
            | dw::DW_TAG_const_type
            | dw::DW_TAG_volatile_type
            | dw::DW_TAG_restrict_type
            | dw::DW_TAG_atomic_type
            | dw::DW_TAG_subrange_type
                if entry.size.is_none() || entry.tag == dw::DW_TAG_typedef =>
            {
                entry.target
            }
            _ if entry.is_declaration && entry.signature.is_some() => entry.signature,
            _ => return Some(entry),
        };
        place = program.target(program.unit_of(entry.place)?, &next?)?;
    }
    None
}

/// The type that an entry has.
pub fn type_of<'a>(program: &Program<'a>, entry: &Entry<'a>) -> Option<Entry<'a>> {
    strip(program, program.target(program.unit_of(entry.place)?, entry.target.as_ref()?)?)
}

/// A member that is no structure.
#[derive(Debug)]
pub struct Leaf {
    pub name: String,
    pub part: Part,
}

fn flatten<'a>(
    program: &Program<'a>,
    entry: &Entry<'a>,
    base: u64,
    depth: usize,
    leaves: &mut Vec<Leaf>,
) -> Result<(), String> {
    let other = || "it has members of another kind".to_owned();
    if depth > DEEPEST {
        return Err(other());
    }
    for child in entry.children(program).ok_or_else(other)? {
        if !matches!(
            child.tag,
            dw::DW_TAG_member | dw::DW_TAG_inheritance | dw::DW_TAG_variant_part
        ) {
            continue;
        }
        // A static member of C++ takes no room in it.
        if child.tag == dw::DW_TAG_member && (child.is_external || child.is_declaration) {
            continue;
        }
        if child.tag == dw::DW_TAG_variant_part || leaves.len() >= MOST {
            return Err(other());
        }
        let (offset, bits) = child.extent().ok_or_else(other)?;
        let offset = base.checked_add(offset).ok_or_else(other)?;
        let unknown = || "a member's type is not in its debugging information".to_owned();
        let inner = type_of(program, &child).ok_or_else(unknown)?;
        // One of 4 or 8 bytes is the events or the data; what is in it does not matter.
        let is_small = matches!(inner.size, Some(4 | 8));
        if is_structure(inner.tag) && !inner.is_declaration && !is_small && bits.is_none() {
            flatten(program, &inner, offset, depth + 1, leaves)?;
            continue;
        }
        let width = bits.or_else(|| width(program, &inner, depth)).ok_or_else(unknown)?;
        let unit = program.unit_of(child.place);
        let name = unit.zip(child.name).and_then(|(unit, name)| {
            let base = program.root(unit).ok()?.str_offsets_base;
            program.string(unit, base, &name)
        });
        let name = String::from_utf8_lossy(name.unwrap_or_default()).into_owned();
        if width > 0 {
            leaves.push(Leaf { name, part: Part { offset, width } });
        }
    }
    Ok(())
}

fn width<'a>(program: &Program<'a>, entry: &Entry<'a>, depth: usize) -> Option<u64> {
    if depth > DEEPEST || entry.is_declaration {
        return None;
    }
    match entry.tag {
        dw::DW_TAG_array_type if entry.size.is_none() => {
            let element = width(program, &type_of(program, entry)?, depth + 1)?;
            let mut count: u64 = 1;
            for range in entry.children(program)? {
                if range.tag == dw::DW_TAG_subrange_type {
                    let upper = || {
                        let lower = u64::try_from(range.lower.unwrap_or(0)).ok()?;
                        range.upper?.checked_sub(lower)?.checked_add(1)
                    };
                    count = count.checked_mul(range.count.or_else(upper)?)?;
                }
            }
            element.checked_mul(count)
        }
        dw::DW_TAG_pointer_type | dw::DW_TAG_subroutine_type | dw::DW_TAG_reference_type => {
            let unit = program.unit_of(entry.place)?;
            Some(entry.size.unwrap_or(unit.header.address_size().into()))
        }
        // An enumeration without a size has its type's.
        dw::DW_TAG_enumeration_type if entry.size.is_none() => {
            width(program, &type_of(program, entry)?, depth + 1)
        }
        _ => entry.size,
    }
}

/// Which members are which.
pub fn parts(leaves: &mut Vec<Leaf>) -> Result<(Part, Part), String> {
    leaves.sort_by_key(|leaf| (leaf.part.offset, u64::MAX - leaf.part.width));
    // Of those that share their place, as in Pascal's records with variants, the widest.
    leaves.dedup_by_key(|leaf| leaf.part.offset);
    let other = || Err("it is not 32 bits of events and 8 bytes of data".to_owned());
    let is_padding = |leaf: &Leaf| {
        let name = leaf.name.to_ascii_lowercase();
        name.contains("pad") || name.starts_with('_') || name.contains("reserved")
    };
    let ends = |(a, b): (&Leaf, &Leaf)| a.part.offset.saturating_add(a.part.width) == b.part.offset;
    let wide: Vec<_> = (0..leaves.len()).filter(|&at| leaves[at].part.width == 8).collect();
    let (from, to) = match wide[..] {
        [one] => (one, one),
        // In two: the first is no padding, if there is a choice.
        [] => {
            let is_half = |at: usize| {
                let pair = (&leaves[at], &leaves[at + 1]);
                at > 0 && pair.0.part.width == 4 && pair.1.part.width == 4 && ends(pair)
            };
            let halves = || (0..leaves.len().saturating_sub(1)).filter(|&at| is_half(at));
            let best = halves().find(|&at| !is_padding(&leaves[at])).or_else(|| halves().next());
            match best {
                Some(at) => (at, at + 1),
                None => return other(),
            }
        }
        _ => return other(),
    };
    let rest = (0..leaves.len()).filter(|at| !(from..=to).contains(at));
    let rest: Vec<_> = rest.filter(|&at| !is_padding(&leaves[at])).collect();
    match rest[..] {
        [events] if leaves[events].part.width == 4 => {
            let data = Part { offset: leaves[from].part.offset, width: 8 };
            Ok((leaves[events].part, data))
        }
        _ => other(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Leaf, Part, parts};

    fn offsets(members: &[(&str, u64, u64)]) -> Option<(u64, u64)> {
        let leaf = |&(name, offset, width): &(&str, u64, u64)| {
            let name = name.to_owned();
            Leaf { name, part: Part { offset, width } }
        };
        let mut leaves: Vec<_> = members.iter().map(leaf).collect();
        parts(&mut leaves).ok().map(|(events, data)| (events.offset, data.offset))
    }

    #[test]
    fn the_events_and_the_data_are_known_by_their_widths_and_names() {
        assert_eq!(offsets(&[("events", 0, 4), ("data", 4, 8)]), Some((0, 4)));
        assert_eq!(offsets(&[("data", 8, 8), ("flags", 0, 4)]), Some((0, 8)));
        assert_eq!(offsets(&[("u64", 0, 8), ("events", 8, 4)]), Some((8, 0)));
        // Go, for x86-64 and for arm64.
        assert_eq!(offsets(&[("Events", 0, 4), ("Fd", 4, 4), ("Pad", 8, 4)]), Some((0, 4)));
        let padded = [("Events", 0, 4), ("PadFd", 4, 4), ("Fd", 8, 4), ("Pad", 12, 4)];
        assert_eq!(offsets(&padded), Some((0, 8)));
        let padded = [("Events", 0, 4), ("X_padFd", 4, 4), ("Fd", 8, 4), ("Pad", 12, 4)];
        assert_eq!(offsets(&padded), Some((0, 8)));
        assert_eq!(offsets(&[("events", 0, 4), ("_pad", 4, 4), ("data", 8, 8)]), Some((0, 8)));
        assert_eq!(offsets(&[("e", 0, 4), ("fd", 4, 4), ("ptr", 4, 8), ("u", 4, 4)]), Some((0, 4)));
        // Another structure.
        assert_eq!(offsets(&[("type", 0, 4), ("count", 4, 4), ("pointer", 8, 8)]), None);
        assert_eq!(offsets(&[("a", 0, 8), ("b", 8, 8)]), None);
        assert_eq!(offsets(&[("events", 0, 4), ("fd", 4, 4)]), None);
        assert_eq!(offsets(&[]), None);
    }
}
