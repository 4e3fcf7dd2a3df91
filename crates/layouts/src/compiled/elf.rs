//! An ELF file: what machine and C library it is for, and the sections that debugging information is in.
//!
//! Only the sections that are asked for are read, and each of them once. In an object file the references from
//! section to section are not yet there, and are put in.
//!
//! Surprising: a file that was stripped of all but its debugging information still has the headers of all
//! sections, with nothing in them. So the C library may be unknown.

use super::section::{Patch, Range, number, put};
use memchr::memmem;
use object::read::{ReadCache, ReadRef};
use object::{File, Object as _, ObjectSection, ObjectSymbol as _, elf};
use object::{Relocation, RelocationFlags, RelocationKind, RelocationTarget};
use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};

/// The sections of debugging information, without the point. Those of split files have `.dwo` behind it.
const DEBUG: [&str; 8] = [
    "debug_info",
    "debug_types",
    "debug_abbrev",
    "debug_str",
    "debug_str_offsets",
    "debug_line",
    "debug_line_str",
    "BTF",
];
const INDEXES: [&str; 2] = ["debug_cu_index", "debug_tu_index"];

/// What the headers say of where the program runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// `e_machine`.
    pub machine: u16,
    /// 32 or 64.
    pub class: u32,
    /// Whether numbers have their large end first.
    pub big_endian: bool,
    /// `e_flags`.
    pub flags: u32,
    /// `EI_OSABI`.
    pub os: u8,
    /// An object file, not yet linked.
    pub is_object: bool,
    /// The program's loader.
    pub interpreter: Option<String>,
    /// The libraries that it needs.
    pub needed: Vec<String>,
    /// Notes that say what system it is for: their sections' names.
    pub notes: Vec<String>,
    /// Whether a symbol's name has `epoll_` in it, or the program is Go's.
    pub refers_to_epoll: bool,
}

/// A file, read.
#[derive(Debug, Default)]
pub struct Elf {
    /// What it is for.
    pub identity: Identity,
    /// The sections of [`DEBUG`] that it has, by their names.
    pub sections: BTreeMap<String, Vec<u8>>,
    /// Its build id.
    pub build_id: Option<Vec<u8>>,
    /// The file with its debugging information: name and checksum.
    pub link: Option<(Vec<u8>, u32)>,
    /// The file that it shares debugging information with (dwz): name and build id.
    pub shared: Option<(Vec<u8>, Vec<u8>)>,
}

impl Elf {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Why it cannot be read, as the rest of a sentence about it.
    pub fn read(mut file: impl Read + Seek) -> Result<Self, String> {
        let mut header = [0; 64];
        let got = read_some(&mut file, &mut header).map_err(|error| error.to_string())?;
        let identity = identity(&header[..got])?;
        let cache = ReadCache::new(&mut file);
        let parsed = File::parse(&cache);
        let parsed = parsed.map_err(|error| format!("is truncated or damaged: {error}"))?;
        let Parts { mut elf, ranges, patches } = Parts::of(&parsed, identity);
        drop(parsed);
        drop(cache);
        // Else a small file could name the same bytes a thousand times.
        let length = file.seek(SeekFrom::End(0)).map_err(|error| error.to_string())?;
        let stored = ranges.iter().fold(0_u64, |sum, (_, range)| sum.saturating_add(range.stored));
        if stored > length {
            return Err("is truncated or damaged: its sections are larger than the file".to_owned());
        }
        for (name, range) in ranges {
            let data = range.read(&mut file).map_err(|reason| format!("{reason} (.{name})"))?;
            elf.sections.entry(name).or_default().extend(data);
        }
        for Patch { section, offset, width, value, adds } in patches {
            let big = elf.identity.big_endian;
            if let Some(data) = elf.sections.get_mut(&section) {
                put(data, offset, width, value, adds, big);
            }
        }
        Ok(elf)
    }

    /// A section; empty where there is none.
    pub fn section(&self, name: &str) -> &[u8] {
        self.sections.get(name).map_or(&[], Vec::as_slice)
    }
}

fn read_some(file: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match file.read(&mut buffer[got..])? {
            0 => break,
            more => got += more,
        }
    }
    Ok(got)
}

fn identity(header: &[u8]) -> Result<Identity, String> {
    if header.is_empty() {
        return Err("is empty".to_owned());
    }
    if header.starts_with(b"!<arch>\n") || header.starts_with(b"!<thin>\n") {
        return Err("is an archive: take the object files out of it (ar x)".to_owned());
    }
    if header.starts_with(b"MZ") {
        return Err(
            "is a PE file, as .NET has them, and has no DWARF: docs/bindings.md says what to do"
                .to_owned(),
        );
    }
    if !header.starts_with(b"\x7fELF") {
        return Err("is no ELF file".to_owned());
    }
    let truncated = || "is truncated: its ELF header is not whole".to_owned();
    let class = *header.get(4).ok_or_else(truncated)?;
    let class = match class {
        1 => 32,
        2 => 64,
        _ => return Err(format!("has an ELF class that does not exist, {class}")),
    };
    let whole = if class == 32 { 52 } else { 64 };
    if header.len() < whole {
        return Err(truncated());
    }
    let big_endian = match header[5] {
        1 => false,
        2 => true,
        other => return Err(format!("has an ELF byte order that does not exist, {other}")),
    };
    let flags = if class == 32 { 36 } else { 48 };
    let half = |at: usize| number(&header[at..at + 2], big_endian) as u16;
    Ok(Identity {
        machine: half(18),
        class,
        big_endian,
        flags: number(&header[flags..flags + 4], big_endian) as u32,
        os: header[7],
        is_object: half(16) == elf::ET_REL,
        ..Identity::default()
    })
}

struct Parts {
    elf: Elf,
    ranges: Vec<(String, Range)>,
    patches: Vec<Patch>,
}

impl Parts {
    fn of<'a, R: ReadRef<'a>>(file: &File<'a, R>, identity: Identity) -> Self {
        let mut elf = Elf { identity, ..Elf::default() };
        elf.build_id = file.build_id().ok().flatten().map(<[u8]>::to_vec);
        let link = file.gnu_debuglink().ok().flatten();
        elf.link = link.map(|(name, sum)| (name.to_vec(), sum));
        let shared = file.gnu_debugaltlink().ok().flatten();
        elf.shared = shared.map(|(name, id)| (name.to_vec(), id.to_vec()));
        let mut parts = Self { elf, ranges: Vec::new(), patches: Vec::new() };
        let mut dynamic = Vec::new();
        let mut strings = Vec::new();
        for section in file.sections() {
            let Ok(name) = section.name() else { continue };
            let data = || section.data().unwrap_or_default();
            match name {
                ".interp" => {
                    let text = data().split(|&byte| byte == 0).next().unwrap_or_default();
                    let text = String::from_utf8_lossy(text).into_owned();
                    parts.elf.identity.interpreter = Some(text).filter(|text| !text.is_empty());
                }
                ".dynamic" => dynamic = data().to_vec(),
                ".dynstr" => strings = data().to_vec(),
                ".debug_sup" => match supplement(data()) {
                    Some((true, _, id)) => parts.elf.build_id = Some(id),
                    Some((false, name, id)) => parts.elf.shared = Some((name, id)),
                    None => {}
                },
                ".strtab" => parts.refers(data()),
                ".go.buildinfo" | ".note.go.buildid" | ".gopclntab" => {
                    parts.elf.identity.refers_to_epoll = true;
                }
                _ => {}
            }
            if name.starts_with(".note.") {
                parts.elf.identity.notes.push(name.to_owned());
            }
            parts.debug(file, &section, name);
        }
        parts.refers(&strings);
        parts.elf.identity.needed = needed(&dynamic, &strings, &parts.elf.identity);
        parts
    }

    fn refers(&mut self, strings: &[u8]) {
        self.elf.identity.refers_to_epoll |= memmem::find(strings, b"epoll_").is_some();
    }

    /// A section of debugging information: where it is, and what refers from it to others.
    fn debug<'a, R: ReadRef<'a>>(
        &mut self,
        file: &File<'a, R>,
        section: &impl ObjectSection<'a>,
        name: &str,
    ) {
        let name = name.strip_prefix(".z").or(name.strip_prefix('.')).unwrap_or(name);
        let plain = name.strip_suffix(".dwo").unwrap_or(name);
        if !DEBUG.contains(&plain) && !INDEXES.contains(&plain) {
            return;
        }
        // What is not in the file, as in a program whose debugging information was taken out.
        let Ok(range) = section.compressed_file_range() else { return };
        // Sections of the same name, as object files have them, are read as one.
        let before = self.ranges.iter().filter(|(other, _)| other == name);
        let begin = before.fold(0, |sum: u64, (_, range)| sum.saturating_add(range.size));
        self.ranges.push((
            name.to_owned(),
            Range {
                format: range.format,
                offset: range.offset,
                stored: range.compressed_size,
                size: range.uncompressed_size,
            },
        ));
        if !self.elf.identity.is_object {
            return;
        }
        for (offset, relocation) in section.relocations() {
            let RelocationTarget::Symbol(symbol) = relocation.target() else { continue };
            let Some(width) = width(self.elf.identity.machine, &relocation) else { continue };
            let Ok(symbol) = file.symbol_by_index(symbol) else { continue };
            self.patches.push(Patch {
                section: name.to_owned(),
                offset: begin.saturating_add(offset),
                width,
                value: symbol.address().wrapping_add(relocation.addend() as u64),
                // SuperH has one part of the number in the section and one beside it.
                adds: relocation.has_implicit_addend() || self.elf.identity.machine == elf::EM_SH,
            });
        }
    }
}

/// The bytes of a reference that is a plain address; the machines that object does not know have their number for it.
fn width(machine: u16, relocation: &Relocation) -> Option<usize> {
    match (relocation.kind(), relocation.size(), relocation.flags()) {
        (RelocationKind::Absolute, 32, _) => Some(4),
        (RelocationKind::Absolute, 64, _) => Some(8),
        (.., RelocationFlags::Elf { r_type }) => match (machine, r_type) {
            (elf::EM_ARC_COMPACT | elf::EM_ARC_COMPACT2, 4 | 27) | (elf::EM_OPENRISC, 1) => Some(4),
            _ => None,
        },
        _ => None,
    }
}

/// What DWARF 5 says of a shared file: whether this is that file, its name, and what it is known by.
fn supplement(data: &[u8]) -> Option<(bool, Vec<u8>, Vec<u8>)> {
    // A version comes first, and the length of the number before it.
    let (is_it, rest) = data.get(2..)?.split_first()?;
    let end = rest.iter().position(|&byte| byte == 0)?;
    let (name, rest) = rest.split_at(end);
    let (&length, id) = rest.get(1..)?.split_first()?;
    Some((*is_it == 1, name.to_vec(), id.get(..usize::from(length))?.to_vec()))
}

/// The names of the libraries in the dynamic section.
fn needed(dynamic: &[u8], strings: &[u8], identity: &Identity) -> Vec<String> {
    let word = identity.class as usize / 8;
    let entries = dynamic.chunks_exact(2 * word);
    let entries = entries.map(|entry| {
        let value = |bytes| number(bytes, identity.big_endian);
        (value(&entry[..word]), value(&entry[word..]))
    });
    let names = entries.take(4096).filter(|(tag, _)| *tag == u64::from(elf::DT_NEEDED));
    let names = names.filter_map(|(_, at)| {
        let name = strings.get(usize::try_from(at).ok()?..)?.split(|&byte| byte == 0).next()?;
        Some(String::from_utf8_lossy(name).into_owned())
    });
    names.collect()
}
