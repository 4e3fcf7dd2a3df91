//! Split debugging information: a program has skeletons of its units, and the rest of each is in a file of its own
//! (`.dwo`) or in a package of them all (`.dwp`).
//!
//! A part is known by a number, which the skeleton has too. One that is not there is told: what it has in it could
//! not be judged.

use super::elf::Elf;
use super::separate;
use super::units::{Bytes, Program, Sections};
use gimli::{DebugCuIndex, DebugTuIndex, IndexSectionId as Id, RunTimeEndian, UnitIndex};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The sections of a file, those for split parts by their suffix.
pub fn sections<'a>(elf: &'a Elf, suffix: &str) -> Sections<'a> {
    let section = |name: &str| elf.section(&format!("{name}{suffix}"));
    Sections {
        info: section("debug_info"),
        types: section("debug_types"),
        abbrev: section("debug_abbrev"),
        str: section("debug_str"),
        str_offsets: section("debug_str_offsets"),
        line: section("debug_line"),
        line_str: section("debug_line_str"),
    }
}

/// What a compiler has split off: the parts of units, in files of their own or in a package.
#[derive(Default)]
pub struct Split {
    files: BTreeMap<PathBuf, Elf>,
    /// The units of each file that was looked at.
    known: BTreeMap<PathBuf, BTreeSet<u64>>,
    package: Option<Elf>,
    /// The units of the package that belong to the program.
    ids: BTreeSet<u64>,
    big_endian: bool,
}

impl Split {
    /// Searches for what the units of a program say they lack.
    ///
    /// # Errors
    ///
    /// Debugging information that cannot be read.
    pub fn find(
        paths: &[&Path],
        debug: &Elf,
        big_endian: bool,
        missing: &mut Vec<String>,
    ) -> Result<Self, String> {
        let mut split = Self { big_endian, ..Self::default() };
        let mut program = Program::new(big_endian, &[]);
        program.add(sections(debug, ""), None)?;
        let roots = program.units.iter().filter(|unit| !unit.types);
        let roots = roots.filter_map(|unit| program.root(unit).ok());
        let skeletons: Vec<_> = roots.filter_map(|root| Some((root.dwo?, root.comp_dir))).collect();
        if skeletons.is_empty() {
            return Ok(split);
        }
        split.package = paths.iter().find_map(|path| separate::package(path));
        let mut lost: BTreeSet<String> = BTreeSet::new();
        for ((name, id), comp_dir) in skeletons {
            let is_packed = split.index(false).is_some_and(|index| index.find(id).is_some());
            if is_packed {
                split.ids.insert(id);
                continue;
            }
            let places = paths.iter().flat_map(|path| separate::split(path, &comp_dir, &name));
            if !places.into_iter().any(|place| split.has(place, id)) {
                lost.insert(String::from_utf8_lossy(&name).into_owned());
            }
        }
        if let Some(first) = lost.first() {
            let count = lost.len();
            let unit = if count == 1 { "unit" } else { "units" };
            missing.push(format!(
                "has {count} {unit} whose types are in files that are not there, as {first}"
            ));
        }
        Ok(split)
    }

    /// Whether a file has the part of this unit. Each file is read once, and kept if it has one.
    fn has(&mut self, place: PathBuf, id: u64) -> bool {
        if !self.known.contains_key(&place) {
            let elf = separate::file(&place);
            let ids = elf.as_ref().map(|elf| ids(elf, self.big_endian)).unwrap_or_default();
            if let Some(elf) = elf.filter(|_| ids.contains(&id)) {
                self.files.insert(place.clone(), elf);
            }
            self.known.insert(place.clone(), ids);
        }
        self.files.contains_key(&place) && self.known[&place].contains(&id)
    }

    fn index(&self, of_types: bool) -> Option<UnitIndex<Bytes<'_>>> {
        let endian = if self.big_endian { RunTimeEndian::Big } else { RunTimeEndian::Little };
        let package = self.package.as_ref()?;
        if of_types {
            DebugTuIndex::new(package.section("debug_tu_index"), endian).index().ok()
        } else {
            DebugCuIndex::new(package.section("debug_cu_index"), endian).index().ok()
        }
    }

    /// The sections of all parts.
    pub fn parts(&self) -> Vec<Sections<'_>> {
        let mut parts: Vec<_> = self.files.values().map(|elf| sections(elf, ".dwo")).collect();
        let Some(package) = &self.package else { return parts };
        let whole = sections(package, ".dwo");
        if let Some(index) = self.index(false) {
            let rows = self.ids.iter().filter_map(|&id| index.find(id));
            parts.extend(rows.filter_map(|row| packed(&whole, &index, row)));
        }
        if let Some(index) = self.index(true) {
            parts.extend((1..=index.unit_count()).filter_map(|row| packed(&whole, &index, row)));
        }
        parts
    }
}

/// The sections of one unit in a package.
fn packed<'a>(
    whole: &Sections<'a>,
    index: &UnitIndex<Bytes<'_>>,
    row: u32,
) -> Option<Sections<'a>> {
    let mut part = Sections { info: &[], types: &[], line: &[], ..whole.clone() };
    for section in index.sections(row).ok()? {
        let (from, size) = (section.offset as usize, section.size as usize);
        let of = |bytes: &'a [u8]| bytes.get(from..from.checked_add(size)?);
        match section.section {
            Id::DebugInfo => part.info = of(whole.info)?,
            Id::DebugTypes => part.types = of(whole.types)?,
            Id::DebugAbbrev => part.abbrev = of(whole.abbrev)?,
            Id::DebugStrOffsets => part.str_offsets = of(whole.str_offsets)?,
            Id::DebugLine => part.line = of(whole.line)?,
            _ => {}
        }
    }
    Some(part)
}

/// The units that a file has the parts of.
fn ids(elf: &Elf, big_endian: bool) -> BTreeSet<u64> {
    let mut program = Program::new(big_endian, &[]);
    if program.add(sections(elf, ".dwo"), None).is_err() {
        return BTreeSet::new();
    }
    let roots = program.units.iter().filter_map(|unit| program.root(unit).ok());
    roots.filter_map(|root| root.id).collect()
}
