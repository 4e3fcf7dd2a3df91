//! The callers of a blocked thread. It is not stopped: where it is and its stack pointer are in
//! `/proc/PID/task/TID/syscall`, and its memory is read as it lies.
//!
//! The other registers are not to be had this way, so that a function which finds its caller by the frame pointer
//! (C without optimisation, Go, code made at run time) ends the walk; what was found until then is so. The caller of
//! this says what else can tell.
//!
//! A walk is worth something only of a thread that has not moved while it was read: whoever asks compares two looks.

mod without_tables;

use crate::gather::{Folder, Memory};
use crate::texts::maps::{self, Mapping};
use epshim_walk::{Architecture, Module, Process, REGISTERS, Registers, Walker};
use std::ops::{ControlFlow, Deref};

/// Most frames of a thread.
const MOST: usize = 32;

/// An address of a thread's stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The address: that of the call, one byte before where it returns to.
    pub address: u64,
    /// The file that it is in, as the process names it; nothing: in no file's code.
    pub module: Option<String>,
    /// The address as the file has it.
    pub offset: u64,
}

/// The modules of a process, for the walks of all its threads.
#[derive(Debug)]
pub struct Stacks<M> {
    memory: M,
    mappings: Vec<Mapping>,
    modules: Vec<Loaded>,
    /// A copy of the stack that is walked, instead of what lies there by now.
    copy: Option<Copied>,
    walker: Option<Walker>,
}

/// A file that is mapped as code.
#[derive(Debug)]
struct Loaded {
    module: Module,
    path: String,
    /// What its own addresses are moved by.
    base: u64,
}

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: Option<Architecture> = Some(Architecture::X86_64);
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: Option<Architecture> = Some(Architecture::AArch64);
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const ARCHITECTURE: Option<Architecture> = None;

/// A part of a stack, as it was.
#[derive(Debug)]
struct Copied {
    start: u64,
    /// Where the stack ends at the latest: what is above the copied part is not there.
    end: u64,
    bytes: Vec<u8>,
}

impl<M: Deref<Target = Memory>> Stacks<M> {
    /// Reads what is mapped.
    #[must_use]
    pub fn of(process: &Folder, memory: M) -> Self {
        let walker = ARCHITECTURE.and_then(Walker::new);
        let mut stacks =
            Self { memory, mappings: Vec::new(), modules: Vec::new(), copy: None, walker };
        stacks.read_again(process);
        stacks
    }

    /// Reads again what is mapped: something was loaded, or another program executed.
    pub fn read_again(&mut self, process: &Folder) {
        let mut buffer = Vec::new();
        let text = process.read("maps", &mut buffer).unwrap_or_default();
        self.mappings = maps::mappings(text);
        self.modules.clear();
        self.walker.iter_mut().for_each(Walker::forget);
    }

    /// Whether an address is in something that is mapped as code.
    #[must_use]
    pub fn knows(&self, address: u64) -> bool {
        let is_in = |mapping: &Mapping| mapping.range.contains(&address) && mapping.is_code;
        self.mappings.iter().any(is_in)
    }

    /// What is mapped.
    #[must_use]
    pub fn mappings(&self) -> &[Mapping] {
        &self.mappings
    }

    /// The frames of a thread that is blocked there, the innermost first.
    pub fn walk(&mut self, pc: u64, sp: u64) -> Vec<Frame> {
        self.copy = None;
        let addresses = self.addresses(pc, sp, None, MOST);
        addresses.into_iter().map(|address| self.frame(address.wrapping_sub(1))).collect()
    }

    /// The addresses that the calls of a thread return to, the innermost first, by a copy of its stack from the stack
    /// pointer on: at most `most`, and as far as the copy goes.
    pub fn walk_copy(&mut self, pc: u64, sp: u64, bp: u64, copy: &[u8], most: usize) -> Vec<u64> {
        let of_it = self.mappings.iter().find(|mapping| mapping.range.contains(&sp));
        let above =
            || self.mappings.iter().map(|one| one.range.start).filter(|&start| start > sp).min();
        let end = of_it.map(|mapping| mapping.range.end).or_else(above).unwrap_or(u64::MAX);
        self.copy = Some(Copied { start: sp, end, bytes: copy.to_vec() });
        self.addresses(pc, sp, Some(bp), most)
    }

    /// Where the call is that returns to an address.
    pub fn call(&mut self, address: u64) -> Frame {
        self.frame(address.wrapping_sub(1))
    }

    fn addresses(&mut self, pc: u64, sp: u64, bp: Option<u64>, most: usize) -> Vec<u64> {
        /// The frame pointer's DWARF number on x86-64.
        const RBP: usize = 6;
        let mut addresses = Vec::new();
        let mut visit = |address| {
            addresses.push(address);
            if addresses.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        if let Some((architecture, mut walker)) = ARCHITECTURE.zip(self.walker.take()) {
            let mut registers = Registers { instruction: pc, values: [0; REGISTERS] };
            registers.values[architecture.stack_pointer()] = sp;
            if let (Architecture::X86_64, Some(bp)) = (architecture, bp) {
                registers.values[RBP] = bp;
            }
            walker.walk(self, &registers, &mut visit);
            self.walker = Some(walker);
        }
        if addresses.is_empty() {
            addresses.push(pc);
        }
        addresses
    }

    fn frame(&mut self, address: u64) -> Frame {
        let place = self.load(address);
        let module = place.map(|place| &self.modules[place]);
        Frame {
            address,
            module: module.map(|module| module.path.clone()),
            offset: module.map_or(address, |module| address.wrapping_sub(module.base)),
        }
    }

    /// The module whose code an address is in, by its place here.
    fn load(&mut self, address: u64) -> Option<usize> {
        let is_in = |loaded: &Loaded| loaded.module.code.contains(&address);
        if let Some(known) = self.modules.iter().position(is_in) {
            return Some(known);
        }
        let mapping = self.mappings.iter().find(|mapping| mapping.range.contains(&address))?;
        if !mapping.is_code || mapping.path.is_empty() {
            return None;
        }
        let first = self.mappings.iter().rev().find(|first| {
            (first.inode, &first.path) == (mapping.inode, &mapping.path)
                && first.offset == 0
                && first.range.start <= mapping.range.start
        })?;
        let (base, table) = headers(&self.memory, first.range.start)?;
        let module = Module { code: mapping.range.clone(), table };
        self.modules.push(Loaded { module, path: mapping.path.clone(), base });
        Some(self.modules.len() - 1)
    }
}

impl<M: Deref<Target = Memory>> Process for Stacks<M> {
    fn read(&mut self, address: u64, to: &mut [u8]) -> usize {
        if let Some(copy) = &self.copy {
            if (copy.start..copy.end).contains(&address) {
                let offset = usize::try_from(address - copy.start).unwrap_or(usize::MAX);
                let rest = copy.bytes.get(offset..).unwrap_or_default();
                let length = rest.len().min(to.len());
                to[..length].copy_from_slice(&rest[..length]);
                return length;
            }
        }
        self.memory.read(address, to)
    }

    fn module_at(&mut self, address: u64) -> Option<Module> {
        let place = self.load(address)?;
        Some(self.modules[place].module.clone())
    }
}

/// What an ELF file of 64 bits, whose beginning is at an address, is moved by, and where its .eh_frame_hdr is (elf(5)).
fn headers(memory: &Memory, start: u64) -> Option<(u64, Option<u64>)> {
    const LOAD: u32 = 1;
    const EH_FRAME: u32 = 0x6474_e550;
    const ENTRY: usize = 56;
    let header = memory.bytes(start, 64)?;
    if !header.starts_with(b"\x7fELF\x02") {
        return None;
    }
    let word =
        |bytes: &[u8], at: usize| Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
    let count = usize::from(u16::from_le_bytes(header[56..58].try_into().ok()?)).min(64);
    let table = memory.bytes(start.wrapping_add(word(&header, 32)?), count * ENTRY)?;
    let segments = table.chunks_exact(ENTRY);
    let kind = |segment: &[u8]| segment[..4].try_into().map_or(0, u32::from_le_bytes);
    // The first segment is the one that begins with the header.
    let first = segments.clone().find(|segment| kind(segment) == LOAD)?;
    let base = start.wrapping_sub(word(first, 16)?.wrapping_sub(word(first, 8)?));
    let index = segments.clone().find(|segment| kind(segment) == EH_FRAME);
    Some((base, index.and_then(|segment| Some(base.wrapping_add(word(segment, 16)?)))))
}
