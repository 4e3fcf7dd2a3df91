//! A process that does not exist: code, its tables made by hand, and a stack. Addresses behind them are not
//! there.

use epshim_walk::{Architecture, Module, Process, REGISTERS, Registers};
use std::ops::Range;

pub const CODE: Range<u64> = 0x10_0000..0x20_0000;
pub const INDEX: u64 = 0x30_0000;
pub const ENTRIES: u64 = 0x31_0000;
pub const STACK: u64 = 0x7fff_0000;

/// A function: its code, what the table says of it, and whether a signal's frame is meant.
#[derive(Debug)]
pub struct Function {
    pub code: Range<u64>,
    pub instructions: Vec<u8>,
    pub is_signal: bool,
}

/// A function with these instructions of a table.
pub fn function(code: Range<u64>, instructions: &[u8]) -> Function {
    Function { code, instructions: instructions.to_vec(), is_signal: false }
}

#[derive(Debug, Clone)]
pub struct Image {
    pub index: Vec<u8>,
    pub entries: Vec<u8>,
    pub stack: Vec<u8>,
    pub code: Vec<u8>,
    pub reads: usize,
}

impl Image {
    pub fn new(architecture: Architecture, functions: &[Function]) -> Self {
        let mut entries = Vec::new();
        let shared = [false, true].map(|is_signal| {
            let at = entries.len();
            push_entry(&mut entries, &[&[0; 4][..], &shared(architecture, is_signal)].concat());
            at
        });
        let mut places = Vec::new();
        for function in functions {
            let at = entries.len();
            let back = at + 4 - shared[usize::from(function.is_signal)];
            let here = ENTRIES + at as u64 + 8;
            let mut entry = (back as u32).to_le_bytes().to_vec();
            entry.extend(away(function.code.start, here));
            entry.extend(((function.code.end - function.code.start) as u32).to_le_bytes());
            entry.push(0);
            entry.extend(&function.instructions);
            push_entry(&mut entries, &entry);
            places.push((function.code.start, ENTRIES + at as u64));
        }
        let mut index = vec![1, 0x1b, 3, 0x3b];
        index.extend(away(ENTRIES, INDEX + 4));
        index.extend((places.len() as u32).to_le_bytes());
        for (code, entry) in places {
            index.extend(away(code, INDEX));
            index.extend(away(entry, INDEX));
        }
        Self { index, entries, stack: vec![0; 4096], code: vec![0; 0x1000], reads: 0 }
    }

    /// Writes words on the stack, this number of bytes above its beginning.
    pub fn push(&mut self, at: usize, words: &[u64]) {
        for (place, word) in words.iter().enumerate() {
            self.stack[at + 8 * place..][..8].copy_from_slice(&word.to_le_bytes());
        }
    }
}

/// The rest of a shared entry.
fn shared(architecture: Architecture, is_signal: bool) -> Vec<u8> {
    // Version, what follows, factors 1 and -8, the register of the return address, how addresses are written.
    let names: &[u8] = if is_signal { b"zRS\0" } else { b"zR\0" };
    let mut entry = vec![1];
    entry.extend(names);
    match architecture {
        // The CFA is 8 above rsp, and the return address below it.
        Architecture::X86_64 => entry.extend([1, 0x78, 16, 1, 0x1b, 0x0c, 7, 8, 0x90, 1]),
        // The CFA is sp.
        Architecture::AArch64 => entry.extend([1, 0x78, 30, 1, 0x1b, 0x0c, 31, 0]),
    }
    entry
}

fn push_entry(entries: &mut Vec<u8>, entry: &[u8]) {
    let size = entry.len().next_multiple_of(8) + 4;
    entries.extend((size as u32).to_le_bytes());
    let end = entries.len() + size;
    entries.extend(entry);
    entries.resize(end, 0);
}

fn away(to: u64, from: u64) -> [u8; 4] {
    (to.wrapping_sub(from) as i64 as i32).to_le_bytes()
}

impl Process for Image {
    fn read(&mut self, address: u64, to: &mut [u8]) -> usize {
        self.reads += 1;
        let places = [
            (CODE.start, &self.code),
            (INDEX, &self.index),
            (ENTRIES, &self.entries),
            (STACK, &self.stack),
        ];
        for (start, bytes) in places {
            let offset = address.wrapping_sub(start);
            if let Some(bytes) = usize::try_from(offset).ok().and_then(|at| bytes.get(at..)) {
                let length = bytes.len().min(to.len());
                to[..length].copy_from_slice(&bytes[..length]);
                return length;
            }
        }
        0
    }

    fn module_at(&mut self, address: u64) -> Option<Module> {
        CODE.contains(&address).then_some(Module { code: CODE, table: Some(INDEX) })
    }
}

/// Registers with this instruction and stack pointer.
pub fn registers(architecture: Architecture, instruction: u64, stack: u64) -> Registers {
    let mut values = [0; REGISTERS];
    values[architecture.stack_pointer()] = stack;
    Registers { instruction, values }
}
