//! The frames of a thread: from its state to the innermost frame, and from each to its caller.
//!
//! A reader has all the memory that it needs, so that it can be kept where memory is scarce; a walk takes less
//! than a kilobyte of the caller's stack. It is used by one thread at a time.
//!
//! Surprising: what is no frame ends the walk, and what was visited until then may be wrong only where the thread
//! that is looked at runs meanwhile. So each frame's code must be of the type that CPython calls code.

use crate::Process;
use crate::memory::{field, u32_at, u64_at, whole};
use crate::python::interpreter::Interpreter;
use crate::python::layout::{Instruction, Layout};
use crate::python::lines::line_at;
use crate::python::text::{MOST_CHARACTERS, State, Strings, decode};
use std::ops::ControlFlow;

/// The most frames that a walk looks at.
pub const MOST_FRAMES: usize = 256;
/// What is copied of a frame and of a code object, at most: all fields that are read are before.
const FRAME: usize = 128;
const CODE: usize = 160;
/// A piece of a text or of a table.
const PIECE: usize = 256;
/// The longest table of lines that is read.
const LONGEST_TABLE: u64 = 1 << 20;

/// A frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The file as Python names it: often a path, or `<string>`.
    pub file: &'a str,
    /// The function: with its class from 3.11 on.
    pub function: &'a str,
    /// The line that it is at. `None`: the table has none.
    pub line: Option<u32>,
}

/// Reads frames of one interpreter.
#[derive(Debug)]
pub struct Reader {
    interpreter: Interpreter,
    file: Strings,
    function: Strings,
    piece: Vec<u8>,
}

/// What a frame says.
struct Step {
    previous: u64,
    code: u64,
    instruction: u64,
    /// It is a function of Python's, and not the interpreter's own mark.
    is_function: bool,
}

impl Reader {
    /// A reader. `None`: no memory.
    #[must_use]
    pub fn new(interpreter: Interpreter) -> Option<Self> {
        let mut piece = Vec::new();
        piece.try_reserve_exact(PIECE).ok()?;
        piece.resize(PIECE, 0);
        Some(Self { interpreter, file: Strings::new()?, function: Strings::new()?, piece })
    }

    /// Whose frames it reads.
    #[must_use]
    pub fn interpreter(&self) -> &Interpreter {
        &self.interpreter
    }

    /// Visits the frames of a thread's state (`PyThreadState *`), the innermost first. Returns whether it came to
    /// the end, and was not stopped by what is no frame.
    pub fn frames(
        &mut self,
        process: &mut dyn Process,
        state: u64,
        visit: &mut dyn FnMut(Frame<'_>) -> ControlFlow<()>,
    ) -> bool {
        let Some(mut frame) = self.first(process, state) else { return false };
        for _ in 0..MOST_FRAMES {
            if frame == 0 {
                return true;
            }
            let Some(step) = self.step(process, frame) else { return false };
            if step.is_function {
                let Some(line) = self.describe(process, &step) else { return false };
                let (file, function) = (self.file.text(), self.function.text());
                if visit(Frame { file, function, line }).is_break() {
                    return true;
                }
            }
            frame = step.previous;
        }
        false
    }

    fn first(&self, process: &mut dyn Process, state: u64) -> Option<u64> {
        let layout = &self.interpreter.layout;
        let first = field(process, state, layout.frame)?;
        match layout.in_c_frame {
            Some(offset) => field(process, first, offset),
            None => Some(first),
        }
    }

    #[inline(never)]
    fn step(&self, process: &mut dyn Process, frame: u64) -> Option<Step> {
        let mut bytes = [0; FRAME];
        let layout = &self.interpreter.layout;
        let bytes = bytes.get_mut(..end_of_frame(layout))?;
        whole(process, frame, bytes)?;
        let instruction = match layout.instruction_is {
            Instruction::Byte => u64::from(u32_at(bytes, layout.instruction)?),
            Instruction::Number => u64::from(u32_at(bytes, layout.instruction)?) * 2,
            Instruction::Address => u64_at(bytes, layout.instruction)?,
        };
        let owner = layout.owner.map_or(Some(0), |owner| bytes.get(owner).copied())?;
        Some(Step {
            previous: u64_at(bytes, layout.previous)?,
            // From 3.14 on the lowest bits are marks.
            code: u64_at(bytes, layout.code)? & !3,
            instruction,
            is_function: owner < Layout::FIRST_NOT_PYTHON,
        })
    }

    /// Reads the names, and finds the line.
    #[inline(never)]
    fn describe(&mut self, process: &mut dyn Process, step: &Step) -> Option<Option<u32>> {
        let Self { interpreter: Interpreter { layout, code_type, text_type, .. }, piece, .. } =
            self;
        let mut bytes = [0; CODE];
        Interpreter::object(process, step.code, *code_type, &mut bytes)?;
        let function = layout.qualified_name.unwrap_or(layout.name);
        let [file, function] = [u64_at(&bytes, layout.file)?, u64_at(&bytes, function)?];
        read_text(process, layout, *text_type, file, &mut self.file, piece)?;
        read_text(process, layout, *text_type, function, &mut self.function, piece)?;
        let offset = match layout.bytecode {
            Some(start) => step.instruction.checked_sub(step.code.checked_add(start as u64)?)?,
            None => step.instruction,
        };
        let (first, table) = (u32_at(&bytes, layout.first_line)?, u64_at(&bytes, layout.table)?);
        let table_is = layout.table_is;
        let table = self.table(process, table)?;
        Some(line_at(table_is, first, offset, table))
    }

    /// The bytes of a table, which are read as they are asked for.
    fn table<'a>(&'a mut self, process: &'a mut dyn Process, object: u64) -> Option<Bytes<'a>> {
        /// The number of bytes is in the object's head (`PyVarObject`).
        const SIZE: usize = 16;
        let mut head = [0; SIZE + 8];
        Interpreter::object(process, object, self.interpreter.bytes_type, &mut head)?;
        let left = u64_at(&head, SIZE).filter(|&size| size <= LONGEST_TABLE)?;
        let next = object.checked_add(self.interpreter.layout.bytes as u64)?;
        Some(Bytes { process, piece: &mut self.piece, place: 0, filled: 0, next, left })
    }
}

/// Behind the last field that is read of a frame.
fn end_of_frame(layout: &Layout) -> usize {
    let ends = [layout.previous + 8, layout.code + 8, layout.instruction + 8];
    ends.into_iter().chain(layout.owner.map(|owner| owner + 1)).max().unwrap_or(0)
}

#[inline(never)]
fn read_text(
    process: &mut dyn Process,
    layout: &Layout,
    kind: u64,
    object: u64,
    to: &mut Strings,
    piece: &mut [u8],
) -> Option<()> {
    // The head and the characters of most texts come with one read, which may end with the memory.
    let got = process.read(object, piece).min(piece.len());
    let read = piece.get(..got).filter(|read| u64_at(read, 8) == Some(kind))?;
    let length = u64_at(read, layout.length)?;
    let State { width, is_ascii } = State::of(u32_at(read, layout.state)?)?;
    let start = if is_ascii { layout.ascii } else { layout.wide };
    to.begin(length > MOST_CHARACTERS);
    if let (Some(bytes), true) = (read.get(start..), length <= MOST_CHARACTERS) {
        let size = usize::try_from(length * width).ok()?;
        if let Some(bytes) = bytes.get(..size) {
            decode(bytes, usize::try_from(width).ok()?, to);
            return Some(());
        }
    }
    let left_out = length.saturating_sub(MOST_CHARACTERS);
    let from = object.checked_add(start as u64)?.checked_add(left_out.checked_mul(width)?)?;
    let (mut from, mut left) = (from, (length - left_out) * width);
    while left > 0 {
        let size = left.min(piece.len() as u64);
        let bytes = piece.get_mut(..usize::try_from(size).ok()?)?;
        whole(process, from, bytes)?;
        decode(bytes, usize::try_from(width).ok()?, to);
        (from, left) = (from.checked_add(size)?, left - size);
    }
    Some(())
}

/// Bytes of the process, piece by piece. They end where memory does.
struct Bytes<'a> {
    process: &'a mut dyn Process,
    piece: &'a mut [u8],
    place: usize,
    filled: usize,
    next: u64,
    left: u64,
}

impl Iterator for Bytes<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        if self.place == self.filled {
            let size = usize::try_from(self.left).ok()?.min(self.piece.len());
            let piece = self.piece.get_mut(..size).filter(|piece| !piece.is_empty())?;
            whole(self.process, self.next, piece)?;
            (self.place, self.filled) = (0, size);
            (self.next, self.left) = (self.next.checked_add(size as u64)?, self.left - size as u64);
        }
        let byte = self.piece.get(self.place).copied();
        self.place += 1;
        byte
    }
}
