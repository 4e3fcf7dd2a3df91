//! One entry of the debugging information, with those of its attributes that matter here, and its children.

use super::units::{Bytes, Place, Program, Unit, Value};
use gimli::constants as dw;
use gimli::{Abbreviation, EntriesRaw, Reader};

/// An entry.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    pub tag: dw::DwTag,
    pub place: Place,
    pub name: Option<Value<'a>>,
    pub linkage_name: Option<Value<'a>>,
    pub target: Option<Value<'a>>,
    pub signature: Option<Value<'a>>,
    pub size: Option<u64>,
    pub align: Option<u64>,
    /// Of a member, in bytes; an error where it is not a plain number, as of a field of bits.
    pub location: Option<Result<u64, ()>>,
    pub count: Option<u64>,
    pub upper: Option<u64>,
    pub lower: Option<i64>,
    pub file: Option<u64>,
    pub line: Option<u64>,
    pub is_external: bool,
    pub is_declaration: bool,
    /// Of a field of bits: how many, and where it begins.
    pub bits: Option<u64>,
    pub bit_offset: Option<u64>,
    /// As DWARF had it before version 4, from the other end.
    pub is_old_bits: bool,
}

/// A structure with more entries is not read. Those for epoll have fewer than a hundredth of them.
const MOST: usize = 4096;

impl<'a> Entry<'a> {
    /// Reads what follows an abbreviation.
    pub fn read(
        entries: &mut EntriesRaw<'_, '_, Bytes<'a>>,
        abbreviation: &Abbreviation,
        place: Place,
    ) -> gimli::Result<Self> {
        let mut entry = Self {
            tag: abbreviation.tag(),
            place,
            name: None,
            linkage_name: None,
            target: None,
            signature: None,
            size: None,
            align: None,
            location: None,
            count: None,
            upper: None,
            lower: None,
            file: None,
            line: None,
            is_external: false,
            is_declaration: false,
            bits: None,
            bit_offset: None,
            is_old_bits: false,
        };
        for &spec in abbreviation.attributes() {
            let attribute = entries.read_attribute(spec)?;
            let value = attribute.raw_value();
            match attribute.name() {
                dw::DW_AT_name => entry.name = Some(value),
                dw::DW_AT_linkage_name | dw::DW_AT_MIPS_linkage_name => {
                    entry.linkage_name = Some(value);
                }
                dw::DW_AT_type => entry.target = Some(value),
                dw::DW_AT_signature => entry.signature = Some(value),
                dw::DW_AT_byte_size => entry.size = value.udata_value(),
                dw::DW_AT_alignment => entry.align = value.udata_value(),
                dw::DW_AT_data_member_location => entry.location = Some(location(&value)),
                dw::DW_AT_count => entry.count = value.udata_value(),
                dw::DW_AT_upper_bound => entry.upper = value.udata_value(),
                dw::DW_AT_lower_bound => entry.lower = value.sdata_value(),
                dw::DW_AT_decl_file => entry.file = value.udata_value(),
                dw::DW_AT_decl_line => entry.line = value.udata_value(),
                dw::DW_AT_external => entry.is_external = is_set(&value),
                dw::DW_AT_declaration => entry.is_declaration = is_set(&value),
                dw::DW_AT_bit_size => entry.bits = value.udata_value(),
                dw::DW_AT_data_bit_offset => entry.bit_offset = value.udata_value(),
                dw::DW_AT_bit_offset => entry.is_old_bits = true,
                _ => {}
            }
        }
        Ok(entry)
    }

    /// The entry at a place.
    pub fn at(program: &Program<'a>, place: Place) -> Option<Self> {
        let unit = program.unit_of(place)?;
        let abbreviations = program.abbreviations(unit).ok()?;
        let mut entries = program.entries(unit, &abbreviations, Some(place.offset)).ok()?;
        let abbreviation = entries.read_abbreviation().ok()??;
        Self::read(&mut entries, abbreviation, place).ok()
    }

    /// Where a member begins in its structure and, if it is a field of bits, how wide it is. Ada has such
    /// fields of whole bytes.
    pub fn extent(&self) -> Option<(u64, Option<u64>)> {
        let offset = self.location.unwrap_or(Ok(0)).ok()?;
        if self.is_old_bits {
            return None;
        }
        let (Some(begin), Some(bits)) = (self.bit_offset, self.bits) else {
            return (self.bits.is_none() && self.bit_offset.is_none()).then_some((offset, None));
        };
        let whole = begin % 8 == 0 && bits % 8 == 0;
        whole.then_some((offset.checked_add(begin / 8)?, Some(bits / 8)))
    }

    /// The entries directly below this one; nothing where there are too many.
    pub fn children(&self, program: &Program<'a>) -> Option<Vec<Self>> {
        let unit = program.unit_of(self.place)?;
        let abbreviations = program.abbreviations(unit).ok()?;
        let mut entries = program.entries(unit, &abbreviations, Some(self.place.offset)).ok()?;
        let abbreviation = entries.read_abbreviation().ok()??;
        entries.skip_attributes(abbreviation.attributes()).ok()?;
        let mut children = Vec::new();
        if !abbreviation.has_children() {
            return Some(children);
        }
        for _ in 0..MOST {
            if entries.is_empty() {
                return None;
            }
            let (depth, offset) = (entries.next_depth(), place_of(unit, &entries));
            match entries.read_abbreviation().ok()? {
                None if depth == 1 => return Some(children),
                None => {}
                Some(abbreviation) if depth == 1 => {
                    let child = Self::read(&mut entries, abbreviation, offset);
                    children.push(child.ok()?);
                }
                Some(abbreviation) => entries.skip_attributes(abbreviation.attributes()).ok()?,
            }
        }
        None
    }
}

/// The place of the entry that comes next.
pub fn place_of(unit: &Unit<'_>, entries: &EntriesRaw<'_, '_, Bytes<'_>>) -> Place {
    let offset = unit.begin.saturating_add(entries.next_offset().0);
    Place { piece: unit.piece, types: unit.types, offset }
}

fn is_set(value: &Value<'_>) -> bool {
    matches!(value, Value::Flag(true))
}

/// A member's place: a number, or in DWARF 2 an expression that adds one.
fn location(value: &Value<'_>) -> Result<u64, ()> {
    let bytes = match value {
        Value::Exprloc(expression) => expression.0,
        Value::Block(block) => *block,
        other => return other.udata_value().ok_or(()),
    };
    let mut rest = bytes;
    match rest.read_u8().map(dw::DwOp) {
        Ok(dw::DW_OP_plus_uconst) => {
            let number = rest.read_uleb128().map_err(|_| ())?;
            if rest.is_empty() { Ok(number) } else { Err(()) }
        }
        _ => Err(()),
    }
}
