//! The rule of one address: how a caller's registers are found from there. This is what is kept of a
//! table once it was read.
//!
//! Most functions save a handful of registers at fixed distances from the frame's end (the canonical
//! frame address, CFA), which is at a fixed distance from a register. A rule that needs more than that (a
//! signal's frame, some hand-written code) is not made: its table is read again each time.

use crate::architecture::{Architecture, Registers};
use crate::process::Process;
use crate::window::Window;

/// The most registers that a rule restores: those that AArch64 has functions keep.
pub(crate) const SAVED: usize = 12;

/// Where a frame ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cfa {
    /// At this distance from a register.
    Beside(u8, i32),
    /// The address in memory at this distance from a register: in functions that align their stack.
    Kept(u8, i32),
    /// Where an expression says.
    Computed(Part),
}

/// Where the value that a register has in the caller is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the register still.
    Same,
    /// Nowhere. Of the return address: there is no caller.
    Nowhere,
    /// In memory, at this distance from the CFA.
    At(i32),
    /// It is the address at this distance from the CFA.
    Is(i32),
    /// In another register.
    In(u8),
    /// In memory where an expression says.
    Loaded(Part),
    /// What an expression says.
    Computed(Part),
}

/// An expression: bytes of the table that is in the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    pub offset: u16,
    pub length: u16,
}

/// A rule that can be kept: without expressions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    pub cfa: Cfa,
    pub return_address: Place,
    /// Register and place.
    pub saved: [(u8, Place); SAVED],
    /// The frame is one that the kernel made for a signal: the caller was interrupted, and has called nothing.
    pub is_signal: bool,
}

impl Rule {
    /// Has `caller`, a copy of the registers, be the caller's. `None`: there is no caller, or memory is not
    /// there.
    pub(crate) fn apply(
        &self,
        architecture: Architecture,
        registers: &Registers,
        caller: &mut Registers,
        stack: &mut Window,
        process: &mut dyn Process,
    ) -> Option<()> {
        let cfa = frame_end(self.cfa, registers, stack, process)?;
        caller.values[architecture.stack_pointer()] = cfa;
        for &(register, place) in &self.saved {
            if !matches!(place, Place::Same | Place::Nowhere) {
                let value = value(place, registers, cfa, stack, process)?;
                *caller.values.get_mut(usize::from(register))? = value;
            }
        }
        let address = value(self.return_address, registers, cfa, stack, process)?;
        caller.instruction = architecture.address_in(address);
        Some(())
    }
}

/// Where a frame ends, without expressions.
pub(crate) fn frame_end(
    cfa: Cfa,
    registers: &Registers,
    stack: &mut Window,
    process: &mut dyn Process,
) -> Option<u64> {
    let beside = |register: u8, offset: i32| {
        Some(registers.values.get(usize::from(register))?.wrapping_add_signed(offset.into()))
    };
    match cfa {
        Cfa::Beside(register, offset) => beside(register, offset),
        Cfa::Kept(register, offset) => stack.word(process, beside(register, offset)?),
        Cfa::Computed(_) => None,
    }
}

/// What is in a place, without expressions.
pub(crate) fn value(
    place: Place,
    registers: &Registers,
    cfa: u64,
    stack: &mut Window,
    process: &mut dyn Process,
) -> Option<u64> {
    match place {
        Place::At(offset) => stack.word(process, cfa.wrapping_add_signed(offset.into())),
        Place::Is(offset) => Some(cfa.wrapping_add_signed(offset.into())),
        Place::In(register) => registers.values.get(usize::from(register)).copied(),
        Place::Same | Place::Nowhere | Place::Loaded(_) | Place::Computed(_) => None,
    }
}
