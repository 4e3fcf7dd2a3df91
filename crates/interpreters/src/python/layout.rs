//! Where CPython's structures have what a stack is read from, in bytes.
//!
//! Those of 3.8 to 3.12 were printed by a program compiled against each version's own headers (`offsetof`),
//! for 64 bits; within a version they do not change. From 3.13 on they come from the process
//! (`debug_offsets.rs`).

use crate::python::lines::Table;

/// How a frame says which instruction it is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instruction {
    /// The offset of its byte, 32 bits: 3.8, 3.9.
    Byte,
    /// The number of the instruction, of two bytes each, 32 bits: 3.10.
    Number,
    /// Its address.
    Address,
}

/// The offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// In the runtime: the first interpreter.
    pub interpreters: usize,
    /// In an interpreter: the next one, and the first thread's state.
    pub next_interpreter: usize,
    pub threads: usize,
    /// In a thread's state.
    pub next_thread: usize,
    pub thread_id: usize,
    /// The kernel's number of the thread. `None`: it has `pthread_self` only.
    pub native_id: Option<usize>,
    /// The frame, or what has the frame.
    pub frame: usize,
    /// In the structure that [`Layout::frame`] points to, where it is not the frame itself.
    pub in_c_frame: Option<usize>,
    /// In a frame.
    pub previous: usize,
    pub code: usize,
    pub instruction: usize,
    pub instruction_is: Instruction,
    /// Who owns it: [`Layout::first_not_python`] and more are not functions of Python's.
    pub owner: Option<usize>,
    /// In a code object.
    pub file: usize,
    pub name: usize,
    pub qualified_name: Option<usize>,
    pub first_line: usize,
    pub table: usize,
    pub bytecode: Option<usize>,
    /// How its table of lines is written.
    pub table_is: Table,
    /// In a str object: its length, its kind, and its characters where all of them are ASCII.
    pub length: usize,
    pub state: usize,
    pub ascii: usize,
    /// The same where they are not.
    pub wide: usize,
    /// In a bytes object: the bytes.
    pub bytes: usize,
}

impl Layout {
    /// From this owner on a frame is the interpreter's own: none of Python's functions.
    pub const FIRST_NOT_PYTHON: u8 = 3;

    /// Of 3.8, which the next ones change a little.
    const V3_8: Self = Self {
        interpreters: 32,
        next_interpreter: 0,
        threads: 8,
        next_thread: 8,
        thread_id: 176,
        native_id: None,
        frame: 24,
        in_c_frame: None,
        previous: 24,
        code: 32,
        instruction: 104,
        instruction_is: Instruction::Byte,
        owner: None,
        file: 104,
        name: 112,
        qualified_name: None,
        first_line: 40,
        table: 120,
        bytecode: None,
        table_is: Table::Pairs,
        length: 16,
        state: 32,
        ascii: 48,
        wide: 72,
        bytes: 32,
    };
    const V3_10: Self = Self {
        instruction: 96,
        instruction_is: Instruction::Number,
        table_is: Table::Ranges,
        ..Self::V3_8
    };
    const V3_11: Self = Self {
        interpreters: 40,
        threads: 16,
        thread_id: 152,
        native_id: Some(160),
        frame: 56,
        in_c_frame: Some(8),
        previous: 48,
        instruction: 56,
        instruction_is: Instruction::Address,
        owner: Some(69),
        file: 112,
        name: 120,
        qualified_name: Some(128),
        first_line: 72,
        table: 136,
        bytecode: Some(184),
        table_is: Table::Locations,
        ..Self::V3_8
    };
    const V3_12: Self = Self {
        threads: 72,
        thread_id: 136,
        native_id: Some(144),
        in_c_frame: Some(0),
        previous: 8,
        code: 0,
        owner: Some(70),
        first_line: 68,
        bytecode: Some(192),
        ascii: 40,
        wide: 56,
        ..Self::V3_11
    };

    /// That of a version 3 that does not say it itself.
    #[must_use]
    pub fn of_minor(minor: u8) -> Option<Self> {
        match minor {
            8 | 9 => Some(Self::V3_8),
            10 => Some(Self::V3_10),
            11 => Some(Self::V3_11),
            12 => Some(Self::V3_12),
            _ => None,
        }
    }

    /// What those that say their offsets have in common; the rest is read.
    pub(super) const fn later() -> Self {
        Self { in_c_frame: None, ..Self::V3_12 }
    }
}
