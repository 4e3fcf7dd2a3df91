//! What a walk asks of the process whose stack it is.
//!
//! Both answers may change between two questions: memory is unmapped, modules are closed. What was
//! answered then is wrong, and the walk ends early or visits a wrong address; nothing else happens.

use std::ops::Range;

/// The process whose stack is walked.
pub trait Process {
    /// Copies the bytes at an address, and returns how many there are from there on without a gap:
    /// fewer than asked for where memory ends.
    fn read(&mut self, address: u64, to: &mut [u8]) -> usize;

    /// The module whose code an address is in.
    fn module_at(&mut self, address: u64) -> Option<Module>;
}

/// What a walk must know of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// A segment that may be executed.
    pub code: Range<u64>,
    /// Where the segment PT_GNU_EH_FRAME is in memory: .eh_frame_hdr. `None`: it has no table.
    pub table: Option<u64>,
}

/// Reads all bytes or none.
pub(crate) fn read_whole(process: &mut dyn Process, address: u64, to: &mut [u8]) -> Option<()> {
    (process.read(address, to) == to.len()).then_some(())
}

/// Reads bytes into an array.
pub(crate) fn read_array<const SIZE: usize>(
    process: &mut dyn Process,
    address: u64,
) -> Option<[u8; SIZE]> {
    let mut bytes = [0; SIZE];
    read_whole(process, address, &mut bytes)?;
    Some(bytes)
}
