//! The search through the debugging information: structures by their names, and those that epoll's functions
//! take.
//!
//! Most units are not read: `prefilter.rs` says which may name one. What is read is read by the abbreviations: an
//! entry that is no structure, function or scope is skipped.
//!
//! Surprising: a function counts only at the top of its unit and under exactly its name for the linker. rustix
//! has an `epoll_wait` of its own, whose second parameter is a slice.

use super::entry::{Entry, place_of};
use super::found::{Certainty, Definition, Found, Source, add};
use super::imports::importers;
use super::names::{self, FUNCTIONS, Kind, Language, Marks, is_named};
use super::prefilter::may_name;
use super::root::{Root, language};
use super::shape;
use super::units::{Bytes, Place, Program, Unit, Value};
use gimli::constants as dw;
use gimli::{Abbreviation, EntriesRaw};
use std::collections::{BTreeSet, HashMap};

/// Definitions that are kept; a file with more of them was made to have them.
pub const MOST: usize = 256;

/// What was asked for, and what was seen besides.
#[derive(Debug, Default)]
pub struct Search<'w> {
    /// The names that the user has given.
    pub wanted: &'w [String],
    /// Structures, in the order of the file.
    pub definitions: Vec<Definition>,
    /// Units that could not be read to their end.
    pub damaged: usize,
    /// Structures that were looked at.
    seen: BTreeSet<Place>,
    /// The languages of the units that import a partial unit, where one was asked for.
    importers: Option<HashMap<Place, u64>>,
}

impl<'w> Search<'w> {
    /// A search for epoll's structure, and for those of these names.
    pub fn new(wanted: &'w [String]) -> Self {
        Self { wanted, ..Self::default() }
    }

    /// Searches the units of a piece, or of it only those that begin at these places.
    pub fn piece(&mut self, program: &Program<'_>, piece: usize, only: Option<&BTreeSet<Place>>) {
        let sections = &program.pieces[piece].sections;
        let (info, types) = (
            Marks::new(sections.info, self.wanted).ends,
            Marks::new(sections.types, self.wanted).ends,
        );
        for unit in program.units_of(piece) {
            let place = Place { piece, types: unit.types, offset: unit.begin };
            if only.is_some_and(|only| !only.contains(&place)) {
                continue;
            }
            let inline = if unit.types { &types } else { &info };
            let first = inline.partition_point(|&at| at < unit.begin);
            let has_inline = inline.get(first).is_some_and(|&at| at < unit.end);
            if self.definitions.len() < MOST && (has_inline || may_name(program, unit)) {
                // A unit that is damaged is read as far as it goes.
                self.damaged += usize::from(self.unit(program, unit).is_err());
            }
        }
    }

    fn unit<'a>(&mut self, program: &Program<'a>, unit: &Unit<'a>) -> gimli::Result<()> {
        let root = program.root(unit)?;
        let number = root.language.or_else(|| self.importer(program, unit, &root));
        let language = language(number, &root.producer);
        let mut walk = Walk { program, unit, root, language, scopes: Vec::new() };
        let abbreviations = program.abbreviations(unit)?;
        let mut entries = program.entries(unit, &abbreviations, None)?;
        while !entries.is_empty() && self.definitions.len() < MOST {
            let depth = entries.next_depth();
            let place = place_of(unit, &entries);
            let Some(abbreviation) = entries.read_abbreviation()? else { continue };
            walk.scopes.retain(|scope| scope.depth < depth);
            walk.entry(self, &mut entries, abbreviation, place, depth)?;
        }
        Ok(())
    }

    /// The language of a partial unit (dwz) that does not say it: that of one which imports it.
    fn importer<'a>(&mut self, program: &Program<'a>, unit: &Unit<'a>, root: &Root) -> Option<u64> {
        if !root.is_partial {
            return None;
        }
        let importers = self.importers.get_or_insert_with(|| importers(program));
        importers.get(&Place { piece: unit.piece, types: unit.types, offset: unit.begin }).copied()
    }

    fn add(
        &mut self,
        walk: &Walk<'_, '_>,
        entry: &Entry<'_>,
        name: &str,
        why: (Certainty, String),
        found: Found,
    ) {
        let (certainty, because) = why;
        let source = walk.source(entry);
        let name = name.to_owned();
        add(
            &mut self.definitions,
            Definition { name, certainty, because, found, source, units: 1 },
        );
    }
}

/// A namespace, module, structure or function that others lie in.
struct Scope {
    depth: isize,
    tag: dw::DwTag,
    name: String,
}

/// The way through one unit.
struct Walk<'p, 'a> {
    program: &'p Program<'a>,
    unit: &'p Unit<'a>,
    root: Root,
    language: Language,
    scopes: Vec<Scope>,
}

impl<'a> Walk<'_, 'a> {
    fn entry(
        &mut self,
        search: &mut Search<'_>,
        entries: &mut EntriesRaw<'_, '_, Bytes<'a>>,
        abbreviation: &Abbreviation,
        place: Place,
        depth: isize,
    ) -> gimli::Result<()> {
        match abbreviation.tag() {
            dw::DW_TAG_structure_type | dw::DW_TAG_class_type => {
                let entry = Entry::read(entries, abbreviation, place)?;
                self.structure(search, &entry, &entry);
                self.enter(abbreviation, &entry, depth);
            }
            dw::DW_TAG_typedef => {
                let entry = Entry::read(entries, abbreviation, place)?;
                self.alias(search, &entry);
            }
            dw::DW_TAG_subprogram => {
                let entry = Entry::read(entries, abbreviation, place)?;
                if depth == 1 {
                    self.function(search, &entry);
                }
                self.enter(abbreviation, &entry, depth);
            }
            dw::DW_TAG_namespace
            | dw::DW_TAG_module
            | dw::DW_TAG_lexical_block
            | dw::DW_TAG_union_type => {
                let entry = Entry::read(entries, abbreviation, place)?;
                self.enter(abbreviation, &entry, depth);
            }
            _ => entries.skip_attributes(abbreviation.attributes())?,
        }
        Ok(())
    }

    fn enter(&mut self, abbreviation: &Abbreviation, entry: &Entry<'a>, depth: isize) {
        if abbreviation.has_children() {
            let name = self.text(entry.name.as_ref()).unwrap_or_default();
            self.scopes.push(Scope { depth, tag: entry.tag, name: lossy(name) });
        }
    }

    fn text(&self, value: Option<&Value<'a>>) -> Option<&'a [u8]> {
        self.program.string(self.unit, self.root.str_offsets_base, value?)
    }

    /// A structure under a name: its own, or that of an alias, as C has for those without one.
    fn structure(&self, search: &mut Search<'_>, named: &Entry<'a>, entry: &Entry<'a>) {
        let Some(name) = self.name(named) else { return };
        let text = self.path(&lossy(name));
        let is_wanted = search.wanted.iter().any(|wanted| is_named(&text, wanted));
        let kind = names::kind(name, self.language);
        if !is_wanted && kind == Kind::Other || !search.seen.insert(entry.place) {
            return;
        }
        let Some(found) = shape::read(self.program, entry) else { return };
        let begins = found.parts.as_ref().is_ok_and(|(events, _)| events.offset == 0);
        let is_sized = matches!(found.size, 12 | 16);
        let why = if is_wanted {
            (Certainty::Certain, "--type names it".to_owned())
        } else if kind == Kind::Exact && self.is_global() {
            (Certainty::Named, "its name".to_owned())
        } else if begins && is_sized {
            (Certainty::Suspected, "a name like it, and its shape".to_owned())
        } else {
            return;
        };
        search.add(self, named, &text, why, found);
    }

    /// The name, if it may count. Most are decided by where they stand in the table.
    fn name(&self, entry: &Entry<'a>) -> Option<&'a [u8]> {
        let value = entry.name.as_ref()?;
        let piece = &self.program.pieces[self.unit.piece];
        let base = self.root.str_offsets_base;
        let may = match *value {
            Value::DebugStrRef(offset) => piece.marks.has(offset.0),
            Value::DebugStrRefSup(offset) => self.program.pieces[piece.shared?].marks.has(offset.0),
            Value::DebugStrOffsetsIndex(index) => {
                piece.marks.has(self.program.string_offset(self.unit, base, index.0)?)
            }
            _ => true,
        };
        if may { self.text(Some(value)) } else { None }
    }

    /// Whether a name here is the program's own one for epoll's structure: C has one scope for that, and
    /// other languages any but a function's.
    fn is_global(&self) -> bool {
        self.scopes.iter().all(|scope| match self.language {
            Language::C => false,
            _ => !matches!(scope.tag, dw::DW_TAG_subprogram | dw::DW_TAG_lexical_block),
        })
    }

    /// A name with what it lies in.
    fn path(&self, name: &str) -> String {
        let scopes = self.scopes.iter().filter(|scope| !scope.name.is_empty());
        let mut path: String = scopes.map(|scope| format!("{}::", scope.name)).collect();
        path.push_str(name);
        path
    }

    /// Another name of a structure that has none.
    fn alias(&self, search: &mut Search<'_>, entry: &Entry<'a>) {
        if self.name(entry).is_none() {
            return;
        }
        let target = shape::type_of(self.program, entry);
        let Some(target) = target.filter(|target| shape::is_structure(target.tag)) else { return };
        let is_wanted = || {
            let name = self.path(&lossy(self.name(entry).unwrap_or_default()));
            search.wanted.iter().any(|wanted| is_named(&name, wanted))
        };
        if target.name.is_none() || is_wanted() {
            self.structure(search, entry, &target);
        }
    }

    /// One of epoll's functions: what its parameter points to.
    fn function(&self, search: &mut Search<'_>, entry: &Entry<'a>) {
        let name = self.text(entry.linkage_name.as_ref().or(entry.name.as_ref()));
        let function = FUNCTIONS.iter().find(|(function, ..)| name == Some(function.as_bytes()));
        let Some(&(function, count, which)) = function.filter(|_| entry.is_external) else {
            return;
        };
        let Some(children) = entry.children(self.program) else { return };
        let parameters = children.iter().filter(|one| one.tag == dw::DW_TAG_formal_parameter);
        let parameters: Vec<_> = parameters.collect();
        if parameters.len() != count {
            return;
        }
        let pointer = shape::type_of(self.program, parameters[which]);
        let pointer = pointer.filter(|pointer| pointer.tag == dw::DW_TAG_pointer_type);
        let target = pointer.and_then(|pointer| shape::type_of(self.program, &pointer));
        let Some(target) = target.filter(|target| shape::is_structure(target.tag)) else { return };
        let Some(found) = shape::read(self.program, &target) else { return };
        let name = self.program.unit_of(target.place).zip(target.name.as_ref()).and_then(
            |(unit, name)| {
                let base = self.program.root(unit).ok()?.str_offsets_base;
                self.program.string(unit, base, name)
            },
        );
        let name = name.map_or_else(|| "a structure without a name".to_owned(), lossy);
        let why = format!("parameter {} of {function}", which + 1);
        search.add(self, &target, &name, (Certainty::Certain, why), found);
    }

    fn source(&self, entry: &Entry<'_>) -> Source {
        let unit = self.program.unit_of(entry.place).unwrap_or(self.unit);
        let root = self.program.root(unit).unwrap_or_default();
        // The files of a split unit are in the table of the unit that it was split off.
        let skeleton = root.id.filter(|_| root.line.is_none());
        let lines = match skeleton.and_then(|id| self.program.skeleton(id)) {
            Some((unit, root)) => Some((unit, root)),
            None => Some((unit, root.clone())),
        };
        let file = lines
            .zip(entry.file)
            .and_then(|((unit, root), file)| self.program.file(unit, root.line?, &root, file));
        let pick = |a: String, b: &str| if a.is_empty() { b.to_owned() } else { a };
        let (mut name, mut producer) =
            (pick(root.name, &self.root.name), pick(root.producer, &self.root.producer));
        // A type unit says neither; those of a program have one compiler as a rule.
        if producer.is_empty() {
            producer = self.program.producer(self.unit.piece, self.root.language);
        }
        if name.is_empty() {
            name = "of a type".to_owned();
        }
        Source { unit: name, line: entry.line.filter(|_| file.is_some()), file, producer }
    }
}

fn lossy(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}
