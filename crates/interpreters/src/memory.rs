//! Numbers out of another process's memory, or out of a copy of a part of it.
//!
//! Little-endian and 64 bits only: the readers are for x86-64 and AArch64.

use crate::Process;

/// Reads all bytes, or none.
pub(crate) fn whole(process: &mut dyn Process, address: u64, to: &mut [u8]) -> Option<()> {
    (address != 0 && process.read(address, to) >= to.len()).then_some(())
}

/// The word at an address.
pub(crate) fn word(process: &mut dyn Process, address: u64) -> Option<u64> {
    let mut bytes = [0; 8];
    whole(process, address, &mut bytes)?;
    Some(u64::from_le_bytes(bytes))
}

/// The word at an offset from an address, which must not be null.
pub(crate) fn field(process: &mut dyn Process, object: u64, offset: usize) -> Option<u64> {
    let address = object.checked_add(offset as u64).filter(|_| object != 0)?;
    word(process, address)
}

/// The 64-bit number at an offset of a copy.
pub(crate) fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    let bytes = bytes.get(offset..offset.checked_add(8)?)?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}

/// The 32-bit number at an offset of a copy.
pub(crate) fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    let bytes = bytes.get(offset..offset.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}
