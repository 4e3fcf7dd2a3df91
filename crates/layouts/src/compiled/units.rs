//! Debugging information as pieces, units and places in them; its strings and abbreviations.
//!
//! A [`Piece`] is what one unit index covers: a file's own sections, those of a file that it shares (dwz), a
//! `.dwo`, a unit of a `.dwp`. A [`Place`] is an entry anywhere in them. Units are found by their headers
//! alone; what else a unit says is read when it is asked for.

use super::names::Marks;
use super::section::number;
use gimli::{Abbreviations, AttributeValue, DebugAbbrev, DebugInfo, DebugTypes, EndianSlice};
use gimli::{EntriesRaw, RunTimeEndian, UnitHeader, UnitOffset, UnitSectionOffset, UnitType};
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

/// Bytes with a byte order.
pub type Bytes<'a> = EndianSlice<'a, RunTimeEndian>;
/// A value of an attribute.
pub type Value<'a> = AttributeValue<Bytes<'a>>;

/// Sections that belong together.
#[derive(Debug, Clone, Default)]
pub struct Sections<'a> {
    pub info: &'a [u8],
    pub types: &'a [u8],
    pub abbrev: &'a [u8],
    pub str: &'a [u8],
    pub str_offsets: &'a [u8],
    pub line: &'a [u8],
    pub line_str: &'a [u8],
}

/// An entry: the piece, whether in `.debug_types`, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    pub piece: usize,
    pub types: bool,
    pub offset: usize,
}

/// A unit's header.
#[derive(Debug)]
pub struct Unit<'a> {
    pub piece: usize,
    pub types: bool,
    pub begin: usize,
    pub end: usize,
    pub header: UnitHeader<Bytes<'a>>,
}

/// Sections with what is known about them.
#[derive(Debug)]
pub struct Piece<'a> {
    pub sections: Sections<'a>,
    pub marks: Arc<Marks>,
    /// The piece that this one shares debugging information with.
    pub shared: Option<usize>,
}

/// All debugging information of a program.
#[derive(Debug)]
pub struct Program<'a> {
    pub endian: RunTimeEndian,
    pub pieces: Vec<Piece<'a>>,
    pub units: Vec<Unit<'a>>,
    by_signature: HashMap<u64, Place>,
    /// The units with a part that was split off, by its number.
    pub skeletons: OnceCell<HashMap<u64, usize>>,
    abbreviations: RefCell<HashMap<(usize, usize), Arc<Abbreviations>>>,
    wanted: &'a [String],
}

impl<'a> Program<'a> {
    pub fn new(big_endian: bool, wanted: &'a [String]) -> Self {
        let endian = if big_endian { RunTimeEndian::Big } else { RunTimeEndian::Little };
        Self {
            endian,
            pieces: Vec::new(),
            units: Vec::new(),
            by_signature: HashMap::new(),
            skeletons: OnceCell::new(),
            abbreviations: RefCell::default(),
            wanted,
        }
    }

    /// Adds sections and the headers of their units; the number of the piece.
    ///
    /// # Errors
    ///
    /// A header that cannot be read.
    pub fn add(&mut self, sections: Sections<'a>, shared: Option<usize>) -> Result<usize, String> {
        let piece = self.pieces.len();
        let is_same = |other: &&Piece| std::ptr::eq(other.sections.str, sections.str);
        // All units of a .dwp have one table of strings.
        let marks = match self.pieces.iter().find(is_same) {
            Some(other) if !sections.str.is_empty() => Arc::clone(&other.marks),
            _ => Arc::new(Marks::new(sections.str, self.wanted)),
        };
        let first = self.units.len();
        let mut info = DebugInfo::new(sections.info, self.endian).units();
        let mut types = DebugTypes::new(sections.types, self.endian).units();
        let bad = |error: gimli::Error| format!("has damaged debugging information: {error}");
        while let Some(header) = info.next().map_err(bad)? {
            self.unit(piece, header);
        }
        while let Some(header) = types.next().map_err(bad)? {
            self.unit(piece, header);
        }
        self.units[first..].sort_by_key(|unit| (unit.types, unit.begin));
        self.pieces.push(Piece { sections, marks, shared });
        Ok(piece)
    }

    fn unit(&mut self, piece: usize, header: UnitHeader<Bytes<'a>>) {
        let (types, begin) = match header.offset() {
            UnitSectionOffset::DebugInfoOffset(offset) => (false, offset.0),
            UnitSectionOffset::DebugTypesOffset(offset) => (true, offset.0),
        };
        if let UnitType::Type { type_signature, type_offset }
        | UnitType::SplitType { type_signature, type_offset } = header.type_()
        {
            let offset = begin.saturating_add(type_offset.0);
            self.by_signature.entry(type_signature.0).or_insert(Place { piece, types, offset });
        }
        let end = begin.saturating_add(header.length_including_self());
        self.units.push(Unit { piece, types, begin, end, header });
    }

    /// The entry of a type unit.
    pub fn signature(&self, signature: u64) -> Option<Place> {
        self.by_signature.get(&signature).copied()
    }

    /// The unit that an entry is in.
    pub fn unit_of(&self, place: Place) -> Option<&Unit<'a>> {
        let key = |unit: &Unit| (unit.piece, unit.types, unit.begin);
        let wanted = (place.piece, place.types, place.offset);
        let after = self.units.partition_point(|unit| key(unit) <= wanted);
        let unit = self.units.get(after.checked_sub(1)?)?;
        let is_in =
            unit.piece == place.piece && unit.types == place.types && place.offset < unit.end;
        is_in.then_some(unit)
    }

    /// The units of a piece.
    pub fn units_of(&self, piece: usize) -> &[Unit<'a>] {
        let from = self.units.partition_point(|unit| unit.piece < piece);
        let to = self.units.partition_point(|unit| unit.piece <= piece);
        &self.units[from..to]
    }

    /// A unit's abbreviations, read once.
    pub fn abbreviations(&self, unit: &Unit<'a>) -> gimli::Result<Arc<Abbreviations>> {
        let offset = unit.header.debug_abbrev_offset();
        let key = (unit.piece, offset.0);
        if let Some(known) = self.abbreviations.borrow().get(&key) {
            return Ok(Arc::clone(known));
        }
        let section = DebugAbbrev::new(self.pieces[unit.piece].sections.abbrev, self.endian);
        let read = Arc::new(section.abbreviations(offset)?);
        let mut known = self.abbreviations.borrow_mut();
        // Those of each unit stand for themselves as a rule: the last few are enough.
        if known.len() >= 64 {
            known.clear();
        }
        known.insert(key, Arc::clone(&read));
        Ok(read)
    }

    /// The entries from a place on, in its unit.
    pub fn entries<'s>(
        &self,
        unit: &'s Unit<'a>,
        abbreviations: &'s Abbreviations,
        from: Option<usize>,
    ) -> gimli::Result<EntriesRaw<'s, 's, Bytes<'a>>> {
        let from = from.map(|offset| UnitOffset(offset.saturating_sub(unit.begin)));
        unit.header.entries_raw(abbreviations, from)
    }

    /// A string.
    pub fn string(&self, unit: &Unit<'a>, base: usize, value: &Value<'a>) -> Option<&'a [u8]> {
        let Piece { sections, shared, .. } = &self.pieces[unit.piece];
        let (table, offset) = match *value {
            AttributeValue::String(text) => return Some(text.slice()),
            AttributeValue::DebugStrRef(offset) => (sections.str, offset.0),
            AttributeValue::DebugLineStrRef(offset) => (sections.line_str, offset.0),
            AttributeValue::DebugStrRefSup(offset) => {
                (self.pieces[(*shared)?].sections.str, offset.0)
            }
            AttributeValue::DebugStrOffsetsIndex(index) => {
                (sections.str, self.string_offset(unit, base, index.0)?)
            }
            _ => return None,
        };
        table.get(offset..)?.split(|&byte| byte == 0).next()
    }

    /// The place of a string with an index.
    pub fn string_offset(&self, unit: &Unit<'a>, base: usize, index: usize) -> Option<usize> {
        let word = usize::from(unit.header.format().word_size());
        let from = base.checked_add(index.checked_mul(word)?)?;
        let bytes =
            self.pieces[unit.piece].sections.str_offsets.get(from..from.checked_add(word)?)?;
        usize::try_from(number(bytes, self.endian == RunTimeEndian::Big)).ok()
    }

    /// The entry that a value refers to.
    pub fn target(&self, unit: &Unit<'a>, value: &Value<'a>) -> Option<Place> {
        let Unit { piece, types, begin, .. } = *unit;
        match *value {
            AttributeValue::UnitRef(offset) => {
                Some(Place { piece, types, offset: begin.checked_add(offset.0)? })
            }
            AttributeValue::DebugInfoRef(offset) => {
                Some(Place { piece, types: false, offset: offset.0 })
            }
            AttributeValue::DebugInfoRefSup(offset) => {
                let piece = self.pieces[piece].shared?;
                Some(Place { piece, types: false, offset: offset.0 })
            }
            AttributeValue::DebugTypesRef(signature) => self.signature(signature.0),
            _ => None,
        }
    }
}
