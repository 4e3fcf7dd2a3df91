//! The layout that a compiled program really has, by its debugging information, against the golden table.
//!
//! `elf.rs` reads the file and says what it is for, `target.rs` which rows that is; `separate.rs` finds debugging
//! information in other files. `units.rs`, `entry.rs` and `shape.rs` read DWARF, `walk.rs` searches it, by the names of
//! `names.rs`; `btf.rs` reads BTF. What is found (`found.rs`) is compared in `verdict.rs`.
//!
//! A file that could not be judged is an error: nothing here says "right" of a program in which nothing was found.

mod btf;
mod elf;
mod entry;
mod found;
mod imports;
mod names;
mod prefilter;
mod root;
mod section;
mod separate;
mod shape;
mod split;
mod target;
mod units;
mod verdict;
mod walk;

use crate::{Row, Table};
use elf::Elf;
use gimli::constants as dw;
use split::{Split, sections};
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;
use units::Program;
use walk::Search;

pub use found::{Certainty, Definition, Found, Part, Source};
pub use target::Expected;
pub use verdict::{Difference, Verdict};

/// What is asked of a file.
#[derive(Debug, Default, Clone, Copy)]
pub struct Question<'a> {
    /// Names that are the structure's for certain.
    pub types: &'a [String],
    /// The file with the debugging information.
    pub debug_file: Option<&'a Path>,
    /// The row, in place of what the file's header says.
    pub row: Option<&'a Row>,
    /// The row of a kernel's types, which have no header: this machine's.
    pub host: Option<&'a Row>,
}

/// What a file is.
#[derive(Debug)]
pub struct Report {
    /// What the table says of its target.
    pub expected: Expected,
    /// The structures in it.
    pub judged: Vec<(Definition, Verdict)>,
    /// Why the answer is not whole, though there is one.
    pub missing: Vec<String>,
}

/// Why there is no report.
#[derive(Debug)]
pub enum Refusal {
    /// It is no ELF file: among others, no matter.
    NotElf(String),
    /// It is one, and nothing in it can be judged.
    Unjudged(String),
}

/// Judges a file.
///
/// # Errors
///
/// Why it cannot be, as the rest of a sentence about it.
pub fn judge(table: &Table, path: &Path, question: &Question<'_>) -> Result<Report, Refusal> {
    let mut file = separate::open(path).map_err(Refusal::NotElf)?;
    judge_stream(table, path, &mut file, question)
}

/// Judges what is read of a file. `path` is where the files are looked for that it speaks of.
///
/// # Errors
///
/// Why it cannot be, as the rest of a sentence about it.
pub fn judge_stream(
    table: &Table,
    path: &Path,
    mut file: impl Read + Seek,
    question: &Question<'_>,
) -> Result<Report, Refusal> {
    let failed = |error: io::Error| Refusal::NotElf(format!("cannot be read: {error}"));
    let mut magic = Vec::new();
    file.by_ref().take(4).read_to_end(&mut magic).map_err(failed)?;
    file.rewind().map_err(failed)?;
    if btf::byte_order(&magic).is_some() {
        return kernel(file, question).map_err(Refusal::Unjudged);
    }
    let is_elf = magic == *b"\x7fELF";
    let refuse = |reason| if is_elf { Refusal::Unjudged(reason) } else { Refusal::NotElf(reason) };
    let elf = Elf::read(BufReader::new(file)).map_err(refuse)?;
    program(table, path, elf, question).map_err(Refusal::Unjudged)
}

/// The types of a kernel, as /sys/kernel/btf has them.
fn kernel(file: impl Read, question: &Question<'_>) -> Result<Report, String> {
    const LARGEST: u64 = 256 << 20;
    let mut bytes = Vec::new();
    let read = file.take(LARGEST).read_to_end(&mut bytes);
    read.map_err(|error| format!("cannot be read: {error}"))?;
    let row = question.row.or(question.host);
    let row = row.ok_or("has no ELF header, and this machine is not in the golden table")?;
    let width = u64::from(row.target.pointer_width) / 8;
    let definitions = btf::read(&bytes, width, question.types)?;
    let expected = Expected::of(&[row])?;
    report(expected, definitions, Vec::new(), question, true, "is BTF")
}

fn program(
    table: &Table,
    path: &Path,
    elf: Elf,
    question: &Question<'_>,
) -> Result<Report, String> {
    let identity = elf.identity.clone();
    let debug = match question.debug_file {
        Some(debug) => Some((debug.to_owned(), named(debug, &elf)?)),
        None if separate::has_information(&elf) => None,
        None => separate::debug(path, &elf),
    };
    let (place, debug) = debug.unwrap_or_else(|| (path.to_owned(), elf));
    let expected = match question.row {
        Some(row) => Expected::of(&[row])?,
        None => target::expected(table, &identity)?,
    };
    let has_dwarf = ["debug_info", "debug_types", "debug_info.dwo", "debug_types.dwo"];
    if has_dwarf.iter().all(|name| debug.section(name).is_empty()) {
        if debug.section("BTF").is_empty() {
            return Err(format!(
                "has no debugging information{}: compile it with -g, do not strip it, or name its debug file with --debug-file",
                if identity.refers_to_epoll { "" } else { ", and does not refer to epoll" }
            ));
        }
        let definitions =
            btf::read(debug.section("BTF"), u64::from(identity.class) / 8, question.types)?;
        return report(expected, definitions, Vec::new(), question, true, "has BTF only");
    }
    let mut missing = Vec::new();
    let shared = separate::shared(&place, &debug).unwrap_or_else(|reason| {
        missing.push(reason);
        None
    });
    let big = identity.big_endian;
    let split = Split::find(&[path, &place], &debug, big, &mut missing)?;
    let mut program = Program::new(big, question.types);
    let mut search = Search::new(question.types);
    let sup = shared.as_ref().map(|sup| program.add(sections(sup, ""), None)).transpose()?;
    let own = if debug.section("debug_info").is_empty() && debug.section("debug_types").is_empty() {
        ".dwo"
    } else {
        ""
    };
    let own = program.add(sections(&debug, own), sup)?;
    let mut all = vec![own];
    for part in split.parts() {
        all.push(program.add(part, None)?);
    }
    for &piece in &all {
        search.piece(&program, piece, None);
    }
    if let Some(sup) = sup {
        search.piece(&program, sup, Some(&imports::imported(&program, own, sup)));
    }
    if search.damaged > 0 {
        missing.push(format!("has damaged debugging information, in units: {}", search.damaged));
    }
    if search.definitions.len() >= walk::MOST {
        missing.push(format!("has more than {} structures like epoll's", walk::MOST));
    }
    let refers = identity.refers_to_epoll || debug.identity.refers_to_epoll;
    let empty = if has_types(&program, &all) {
        "has debugging information"
    } else {
        "has debugging information without types, as -g1 makes it,"
    };
    report(expected, search.definitions, missing, question, refers, empty)
}

/// The file with the debugging information that the user has named.
fn named(debug: &Path, elf: &Elf) -> Result<Elf, String> {
    let said = |reason: String| {
        format!("has debugging information that cannot be used: {} {reason}", debug.display())
    };
    let file = separate::open(debug).map_err(said)?;
    let read = Elf::read(BufReader::new(file)).map_err(said)?;
    let same = |elf: &Elf| (elf.identity.machine, elf.identity.class, elf.identity.big_endian);
    let is_other_build =
        elf.build_id.is_some() && read.build_id.is_some() && elf.build_id != read.build_id;
    if is_other_build || same(elf) != same(&read) {
        return Err(said("is of another build".to_owned()));
    }
    if !separate::has_information(&read) {
        return Err(said("has none".to_owned()));
    }
    Ok(read)
}

/// Whether any unit describes a structure.
fn has_types(program: &Program<'_>, pieces: &[usize]) -> bool {
    pieces.iter().flat_map(|&piece| program.units_of(piece)).any(|unit| {
        let Ok(abbreviations) = program.abbreviations(unit) else { return false };
        let Ok(mut entries) = program.entries(unit, &abbreviations, None) else { return false };
        while let Ok(abbreviation) = entries.read_abbreviation() {
            let Some(abbreviation) = abbreviation else {
                if entries.is_empty() { break } else { continue }
            };
            if matches!(abbreviation.tag(), dw::DW_TAG_structure_type | dw::DW_TAG_class_type) {
                return true;
            }
            if entries.skip_attributes(abbreviation.attributes()).is_err() {
                break;
            }
        }
        false
    })
}

/// The report, if there is anything to report.
fn report(
    expected: Expected,
    definitions: Vec<Definition>,
    missing: Vec<String>,
    question: &Question<'_>,
    refers_to_epoll: bool,
    empty: &str,
) -> Result<Report, String> {
    let unfound = question.types.iter().find(|wanted| {
        let is_it = |one: &Definition| names::is_named(&one.name, wanted);
        !definitions.iter().any(is_it)
    });
    if let Some(name) = unfound {
        return Err(format!("has no structure {name}"));
    }
    let may = |one: &Definition| one.certainty != Certainty::Suspected || refers_to_epoll;
    let judged = definitions.into_iter().filter(may).map(|definition| {
        let verdict = verdict::verdict(&definition, &expected);
        (definition, verdict)
    });
    let judged: Vec<_> = judged.collect();
    if judged.is_empty() && missing.is_empty() {
        let refers = if refers_to_epoll { "" } else { ", and does not refer to epoll" };
        return Err(format!("{empty} with no structure of epoll's in it{refers}"));
    }
    Ok(Report { expected, judged, missing })
}
