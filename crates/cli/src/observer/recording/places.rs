//! What is mapped where in the recorded processes: a recording says it of every address that it names.
//!
//! The library says what was loaded when its program began. What is loaded later is found here, at the first call
//! from there: /proc has the process's mappings, and the file says by what its addresses are moved.
//!
//! Surprising: what is unloaded again within milliseconds is not found. Its addresses stay bare.

use epshim_attach::texts::maps::{self, Mapping};
use epshim_observe::{Nanos, Observation, Pid, Site, What};
use object::elf::{FileHeader32, FileHeader64, PT_LOAD};
use object::read::elf::{FileHeader, ProgramHeader as _};
use object::{Endianness, FileKind, ReadCache, ReadRef};
use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::ops::Range;

/// A process's mappings are read no more often than this.
const SELDOM: Nanos = 100_000_000;

/// A process.
#[derive(Debug, Clone, Default)]
struct Process {
    known: Vec<Range<u64>>,
    /// Call sites that were looked at.
    seen: HashSet<u64>,
    /// When the mappings were read.
    read: Option<Nanos>,
}

/// What was said of each process.
#[derive(Debug, Default)]
pub struct Places(BTreeMap<Pid, Process>);

impl Places {
    /// What is to be recorded besides this, for its addresses to mean something.
    pub fn of(&mut self, it: &Observation<'_>, now: Nanos) -> Vec<Observation<'static>> {
        match &it.what {
            What::Start { .. } => drop(self.0.insert(it.pid, Process::default())),
            What::Fork { parent } => {
                let copy = self.0.get(parent).cloned().unwrap_or_default();
                self.0.insert(it.pid, copy);
            }
            What::Mapped { start, end, .. } => {
                self.0.entry(it.pid).or_default().known.push(*start..*end);
            }
            What::Callers { addresses } => {
                let is_new =
                    addresses.iter().filter(|&&address| self.is_new(it.pid, address)).count() > 0;
                return if is_new { self.mapped(it.pid, now) } else { Vec::new() };
            }
            _ if it.site.stack().is_none() && self.is_new(it.pid, it.site.0) => {
                return self.mapped(it.pid, now);
            }
            _ => {}
        }
        Vec::new()
    }

    /// Whether it is asked for the first time, and in nothing that is known.
    fn is_new(&mut self, pid: Pid, address: u64) -> bool {
        if address == 0 {
            return false;
        }
        let process = self.0.entry(pid).or_default();
        process.seen.insert(address)
            && !process.known.iter().any(|range| range.contains(&address.wrapping_sub(1)))
    }

    /// All that is mapped in a process and was not known.
    fn mapped(&mut self, pid: Pid, now: Nanos) -> Vec<Observation<'static>> {
        let process = self.0.entry(pid).or_default();
        if process.read.is_some_and(|read| now.saturating_sub(read) < SELDOM) {
            return Vec::new();
        }
        process.read = Some(now);
        let text = fs::read(format!("/proc/{pid}/maps")).unwrap_or_default();
        let all = maps::mappings(&text);
        let mut found = Vec::new();
        for one in all.iter().filter(|one| one.is_code && one.path.starts_with('/')) {
            if process.known.contains(&one.range) {
                continue;
            }
            process.known.push(one.range.clone());
            let Some(base) = moved_by(pid, one) else { continue };
            let (module, Range { start, end }) = (one.path.clone(), one.range.clone());
            let what = What::Mapped { module, base, start, end };
            found.push(Observation { at: now, pid, tid: 0, site: Site(0), what });
        }
        found
    }
}

/// What the addresses of a mapped file are moved by: its segment that is mapped here says where it was to be.
fn moved_by(pid: Pid, mapping: &Mapping) -> Option<u64> {
    let Range { start, end } = mapping.range;
    let file = File::open(format!("/proc/{pid}/map_files/{start:x}-{end:x}"));
    let file = file.or_else(|_| File::open(&mapping.path)).ok()?;
    file.metadata().ok().filter(fs::Metadata::is_file)?;
    let cache = ReadCache::new(file);
    let place = match FileKind::parse(&cache) {
        Ok(FileKind::Elf32) => place::<FileHeader32<Endianness>, _>(&cache, mapping.offset),
        Ok(FileKind::Elf64) => place::<FileHeader64<Endianness>, _>(&cache, mapping.offset),
        _ => None,
    };
    Some(start.wrapping_sub(place?))
}

/// The address, as the file has it, of what stands at this offset of it.
fn place<'data, H, R>(data: R, offset: u64) -> Option<u64>
where
    H: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    let header = H::parse(data).ok()?;
    let endian = header.endian().ok()?;
    header.program_headers(endian, data).ok()?.iter().find_map(|segment| {
        let (begin, address) = (segment.p_offset(endian).into(), segment.p_vaddr(endian).into());
        let size: u64 = segment.p_filesz(endian).into();
        // A segment is mapped from the beginning of its first page on.
        let has = offset < begin + size && offset + segment.p_align(endian).into().max(1) > begin;
        (segment.p_type(endian) == PT_LOAD && has)
            .then(|| address.wrapping_sub(begin).wrapping_add(offset))
    })
}
