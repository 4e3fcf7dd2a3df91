//! What a unit says of itself in its first entry: its language, its name and compiler, its files, and where the rest of
//! it is if that was split off.

use super::names::Language;
use super::units::{Program, Unit, Value};
use gimli::constants as dw;
use gimli::{AttributeValue, DebugLine, UnitType};
use std::collections::HashMap;

/// What a unit's first entry says.
#[derive(Debug, Clone, Default)]
pub struct Root {
    pub is_partial: bool,
    pub language: Option<u64>,
    pub name: String,
    pub producer: String,
    pub line: Option<usize>,
    pub str_offsets_base: usize,
    pub id: Option<u64>,
    pub dwo: Option<(Vec<u8>, u64)>,
    pub comp_dir: Vec<u8>,
}

impl<'a> Program<'a> {
    /// What a unit says of itself.
    pub fn root(&self, unit: &Unit<'a>) -> gimli::Result<Root> {
        let abbreviations = self.abbreviations(unit)?;
        let mut entries = self.entries(unit, &abbreviations, None)?;
        let mut root = Root { str_offsets_base: self.usual_base(unit), ..Root::default() };
        let Some(abbreviation) = entries.read_abbreviation()? else { return Ok(root) };
        root.is_partial = abbreviation.tag() == dw::DW_TAG_partial_unit;
        let (mut texts, mut id, mut dwo) = (Vec::new(), None, None);
        for &spec in abbreviation.attributes() {
            let attribute = entries.read_attribute(spec)?;
            let raw = attribute.raw_value();
            match attribute.name() {
                dw::DW_AT_language => root.language = raw.udata_value(),
                dw::DW_AT_stmt_list => root.line = offset(&raw),
                dw::DW_AT_str_offsets_base => {
                    root.str_offsets_base = offset(&raw).unwrap_or(root.str_offsets_base);
                }
                dw::DW_AT_GNU_dwo_id => id = raw.udata_value(),
                dw::DW_AT_dwo_name | dw::DW_AT_GNU_dwo_name => dwo = Some(raw),
                dw::DW_AT_name | dw::DW_AT_producer | dw::DW_AT_comp_dir => {
                    texts.push((attribute.name(), raw));
                }
                _ => {}
            }
        }
        for (name, value) in texts {
            let bytes = self.string(unit, root.str_offsets_base, &value).unwrap_or_default();
            let text = || String::from_utf8_lossy(bytes).into_owned();
            match name {
                dw::DW_AT_name => root.name = text(),
                dw::DW_AT_producer => root.producer = text(),
                _ => root.comp_dir = bytes.to_vec(),
            }
        }
        if let UnitType::Skeleton(dwo_id) | UnitType::SplitCompilation(dwo_id) = unit.header.type_()
        {
            id = Some(dwo_id.0);
        }
        root.id = id;
        let name = dwo.and_then(|value| self.string(unit, root.str_offsets_base, &value));
        root.dwo = name.map(<[u8]>::to_vec).zip(id);
        Ok(root)
    }

    /// Where a unit's offsets of strings begin that does not say it.
    fn usual_base(&self, unit: &Unit<'a>) -> usize {
        match (unit.header.version(), unit.header.format()) {
            (..=4, _) => 0,
            (_, gimli::Format::Dwarf32) => 8,
            (_, gimli::Format::Dwarf64) => 16,
        }
    }

    /// The path of a file in a table of lines.
    pub fn file(&self, unit: &Unit<'a>, table: usize, root: &Root, file: u64) -> Option<String> {
        let lines = DebugLine::new(self.pieces[unit.piece].sections.line, self.endian);
        let size = unit.header.address_size();
        let program = lines.program(gimli::DebugLineOffset(table), size, None, None).ok()?;
        let header = program.header();
        let file = header.file(file)?;
        let text = |value: Value<'a>| {
            let bytes = self.string(unit, root.str_offsets_base, &value)?;
            Some(String::from_utf8_lossy(bytes).into_owned())
        };
        let name = text(file.path_name())?;
        match file.directory(header).and_then(text) {
            Some(folder) if !name.starts_with('/') && !folder.is_empty() => {
                Some(format!("{folder}/{name}"))
            }
            _ => Some(name),
        }
    }

    /// The unit that a part was split off.
    pub fn skeleton(&self, id: u64) -> Option<(&Unit<'a>, Root)> {
        let known = self.skeletons.get_or_init(|| {
            let mut known = HashMap::new();
            for (at, unit) in self.units.iter().enumerate() {
                let root = self.root(unit).unwrap_or_default();
                if let (Some((_, id)), Some(_)) = (&root.dwo, root.line) {
                    known.insert(*id, at);
                }
            }
            known
        });
        let unit = &self.units[*known.get(&id)?];
        Some((unit, self.root(unit).ok()?))
    }

    /// What compiled the first unit of this language.
    pub fn producer(&self, piece: usize, language: Option<u64>) -> String {
        let roots = self.units_of(piece).iter().filter_map(|unit| self.root(unit).ok());
        let mut roots = roots.filter(|root| root.language == language && !root.producer.is_empty());
        roots.next().map(|root| root.producer).unwrap_or_default()
    }
}

/// A value that is an offset, in any of its forms.
fn offset(value: &Value<'_>) -> Option<usize> {
    match *value {
        AttributeValue::SecOffset(offset) => Some(offset),
        ref other => usize::try_from(other.udata_value()?).ok(),
    }
}

/// What a language does with names, by its number in DWARF. Zig has C's where LLVM writes it.
pub fn language(number: Option<u64>, producer: &str) -> Language {
    if producer.starts_with("zig ") {
        return Language::Modules;
    }
    let Some(number) = number.and_then(|number| u16::try_from(number).ok()) else {
        return Language::C;
    };
    match dw::DwLang(number) {
        dw::DW_LANG_Go => Language::Go,
        dw::DW_LANG_Ada83 | dw::DW_LANG_Ada95 | dw::DW_LANG_Ada2005 | dw::DW_LANG_Ada2012 => {
            Language::Ada
        }
        dw::DW_LANG_Pascal83 => Language::Pascal,
        dw::DW_LANG_C89
        | dw::DW_LANG_C
        | dw::DW_LANG_C99
        | dw::DW_LANG_C11
        | dw::DW_LANG_C17
        | dw::DW_LANG_C_plus_plus
        | dw::DW_LANG_C_plus_plus_03
        | dw::DW_LANG_C_plus_plus_11
        | dw::DW_LANG_C_plus_plus_14
        | dw::DW_LANG_C_plus_plus_17
        | dw::DW_LANG_C_plus_plus_20
        | dw::DW_LANG_ObjC
        | dw::DW_LANG_ObjC_plus_plus
        | dw::DW_LANG_Mips_Assembler => Language::C,
        _ => Language::Modules,
    }
}
