//! What is loaded into this process: the loader's list, read without the loader's lock.
//!
//! A library's constructor runs under that lock (dlopen(3)), and may be an event loop: a monitor
//! thread that waited for the lock would say nothing until the loop ends, and a program that exits in
//! there would wait for the monitor thread. So dl_iterate_phdr(3) is not for it. The list is the one
//! that debuggers read (`<link.h>`, `struct r_debug`), which the program's header table leads to.
//!
//! Surprising: the list may change meanwhile. Every word is read by way of the kernel (`memory.rs`):
//! what is wrong then is a name, and no memory is touched that is not there.

use crate::questions::memory::{Expected, read, read_list, read_string};
use std::mem::size_of;
use std::ops::Range;

#[cfg(target_pointer_width = "32")]
use libc::{Elf32_Ehdr as Header, Elf32_Phdr as Segment};
#[cfg(target_pointer_width = "64")]
use libc::{Elf64_Ehdr as Header, Elf64_Phdr as Segment};

/// Longer than any list: one that changes while it is read could be a circle.
const MODULES: usize = 4096;
const SEGMENTS: usize = 64;

/// A loaded module.
#[derive(Debug, Clone)]
pub struct Module {
    /// What its own addresses are moved by.
    pub base: usize,
    /// It is the program itself, whose name the list does not have.
    pub is_program: bool,
    /// Its entry in the list, and the beginning of it: the base, where its name lies, its dynamic
    /// section, and the next entry.
    entry: Expected,
    mark: Option<Expected>,
    segments: Vec<Segment>,
}

impl Module {
    fn new(entry: Expected, is_program: bool, segments: Vec<Segment>) -> Self {
        let [base, ..] = entry.1;
        let mut module = Self { base, is_program, entry, mark: None, segments };
        module.mark = module.read_mark();
        module
    }

    fn read_mark(&self) -> Option<Expected> {
        let is_note = |segment: &&Segment| segment.p_type == libc::PT_NOTE;
        let notes = self.segments.iter().filter(is_note).map(|segment| self.start_of(segment));
        let mut id = notes.filter(|&note| {
            // The lengths of name and contents, the type, the name (elf(5)).
            const ID: u32 = 3;
            let words = read::<[u8; 16]>(note);
            words.is_some_and(|words| words[8..12] == ID.to_ne_bytes() && words[12..] == *b"GNU\0")
        });
        let place = id.next_back().or_else(|| self.unwind_index())?;
        Some((place, read(place)?))
    }

    /// Whether it has this address.
    pub fn has(&self, address: usize) -> bool {
        self.segments.iter().any(|segment| {
            segment.p_type == libc::PT_LOAD
                && address.wrapping_sub(self.start_of(segment)) < segment.p_memsz as usize
        })
    }

    /// The addresses that may be executed.
    pub fn code(&self) -> impl Iterator<Item = Range<usize>> {
        let is_code = |segment: &&Segment| {
            segment.p_type == libc::PT_LOAD && segment.p_flags & libc::PF_X != 0
        };
        self.segments.iter().filter(is_code).map(|segment| {
            let start = self.start_of(segment);
            start..start.saturating_add(segment.p_memsz as usize)
        })
    }

    /// Where its index of unwind tables is.
    pub fn unwind_index(&self) -> Option<usize> {
        let is_index = |segment: &&Segment| segment.p_type == libc::PT_GNU_EH_FRAME;
        self.segments.iter().find(is_index).map(|segment| self.start_of(segment))
    }

    /// What its entry in the list was when it was read.
    pub fn entry(&self) -> Expected {
        self.entry
    }

    /// Words that no other module has, if there is one at the same place later, as they were when it was
    /// read: of the id that the linker gave it, or of the index of its unwind tables.
    pub fn mark(&self) -> Option<Expected> {
        self.mark
    }

    /// As the loader was asked for it, or found it.
    pub fn name(&self) -> Option<Vec<u8>> {
        let [_, name, _, _] = self.entry.1;
        read_string(name).filter(|name| !name.is_empty())
    }

    fn start_of(&self, segment: &Segment) -> usize {
        self.base.wrapping_add(segment.p_vaddr as usize)
    }

    /// Whether an entry of the list is this module's; the next entry may differ.
    fn is_at(&self, (address, [base, name, dynamic, _]): Expected) -> bool {
        let (here, [its_base, its_name, its_dynamic, _]) = self.entry;
        (here, its_base, its_name, its_dynamic) == (address, base, name, dynamic)
    }
}

/// All that the loader lists.
pub fn loaded() -> Vec<Module> {
    loaded_since(&[])
}

/// The same, where these were loaded before: what is still there is not read again.
pub fn loaded_since(before: &[Module]) -> Vec<Module> {
    let (table, count) = program_headers();
    let program = segments(table, count);
    let mut modules: Vec<Module> = Vec::new();
    let mut next = first_entry(table, &program);
    while let Some(address) = next.filter(|&address| address != 0 && modules.len() < MODULES) {
        // struct link_map begins with l_addr, l_name, l_ld, l_next.
        let Some(words) = read::<[usize; 4]>(address) else { break };
        let [base, _, _, after] = words;
        let entry = (address, words);
        let is_program = modules.is_empty();
        modules.push(match before.iter().find(|module| module.is_at(entry)) {
            Some(known) => Module { is_program, entry, ..known.clone() },
            None if is_program => Module::new(entry, is_program, program.clone()),
            None => Module::new(entry, is_program, segments_of_library(base)),
        });
        next = Some(after);
    }
    modules
}

/// The program's header table and its length, which the kernel tells every program (getauxval(3)).
fn program_headers() -> (usize, usize) {
    // SAFETY: it takes a number, and reads what the kernel left on the stack.
    unsafe { (libc::getauxval(libc::AT_PHDR) as usize, libc::getauxval(libc::AT_PHNUM) as usize) }
}

fn segments(table: usize, count: usize) -> Vec<Segment> {
    read_list(table, count.min(SEGMENTS))
}

fn segments_of_library(base: usize) -> Vec<Segment> {
    match read::<Header>(base) {
        Some(header) if header.e_ident.starts_with(b"\x7fELF") => {
            segments(base.wrapping_add(header.e_phoff as usize), usize::from(header.e_phnum))
        }
        _ => Vec::new(),
    }
}

/// The address of the list's first entry: the program's dynamic section has that of `struct r_debug`,
/// where the loader has written it.
fn first_entry(table: usize, program: &[Segment]) -> Option<usize> {
    const DT_DEBUG: usize = 21;
    let of_type = |kind| program.iter().find(move |segment| segment.p_type == kind);
    let moved_by = table.wrapping_sub(of_type(libc::PT_PHDR)?.p_vaddr as usize);
    let dynamic = of_type(libc::PT_DYNAMIC)?;
    let first = moved_by.wrapping_add(dynamic.p_vaddr as usize);
    let count = dynamic.p_memsz as usize / size_of::<[usize; 2]>();
    let entries = (0..count).map(|place| first + place * size_of::<[usize; 2]>());
    let mut entries = entries.map_while(read::<[usize; 2]>);
    let [_, r_debug] = entries.find(|&[tag, _]| tag == DT_DEBUG)?;
    // Its version, and then the list.
    Some(read::<[usize; 2]>(r_debug)?[1])
}
