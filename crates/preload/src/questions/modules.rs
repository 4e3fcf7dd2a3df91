//! What is loaded into this process: the loader's list, read without the loader's lock.
//!
//! A library's constructor runs under that lock (dlopen(3)), and may be an event loop: a monitor
//! thread that waited for the lock would say nothing until the loop ends, and a program that exits in
//! there would wait for the monitor thread. So dl_iterate_phdr(3) is not for it. The list is the one
//! that debuggers read (`<link.h>`, `struct r_debug`), which the program's header table leads to.
//!
//! Surprising: the list may change meanwhile. Every word is read by way of the kernel (`memory.rs`):
//! what is wrong then is a name, and no memory is touched that is not there.

use crate::questions::memory::{read, read_string};
use std::mem::size_of;

#[cfg(target_pointer_width = "32")]
use libc::{Elf32_Ehdr as Header, Elf32_Phdr as Segment};
#[cfg(target_pointer_width = "64")]
use libc::{Elf64_Ehdr as Header, Elf64_Phdr as Segment};

/// Longer than any list: one that changes while it is read could be a circle.
const MODULES: usize = 4096;
const SEGMENTS: usize = 64;

/// A loaded module.
#[derive(Debug)]
pub struct Module {
    /// What its own addresses are moved by.
    pub base: usize,
    /// It is the program itself, whose name the list does not have.
    pub is_program: bool,
    /// Where its name lies.
    name: usize,
    segments: Vec<Segment>,
}

impl Module {
    /// Whether it has this address.
    pub fn has(&self, address: usize) -> bool {
        self.segments.iter().any(|segment| {
            let first = self.base.wrapping_add(segment.p_vaddr as usize);
            segment.p_type == libc::PT_LOAD
                && address.wrapping_sub(first) < segment.p_memsz as usize
        })
    }

    /// As the loader was asked for it, or found it.
    pub fn name(&self) -> Option<Vec<u8>> {
        read_string(self.name).filter(|name| !name.is_empty())
    }
}

/// All that the loader lists.
pub fn loaded() -> Vec<Module> {
    let (table, count) = program_headers();
    let program = segments(table, count);
    let mut modules = Vec::new();
    let mut next = first_entry(table, &program);
    while let Some(entry) = next.filter(|&entry| entry != 0 && modules.len() < MODULES) {
        // struct link_map begins with l_addr, l_name, l_ld, l_next.
        let Some([base, name, _, after]) = read::<[usize; 4]>(entry) else { break };
        let is_program = modules.is_empty();
        let segments = if is_program { program.clone() } else { segments_of_library(base) };
        modules.push(Module { base, is_program, name, segments });
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
    let places = (0..count.min(SEGMENTS)).map(|place| table + place * size_of::<Segment>());
    places.map_while(read::<Segment>).collect()
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
