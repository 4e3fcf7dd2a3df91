//! The unwind table of a module: .eh_frame_hdr has an index of all functions, sorted, and leads to the
//! entry of each in .eh_frame (LSB Core, "Exception Frames").
//!
//! Nothing is read but what the search needs, and the two entries of the function: its own (FDE), and the
//! one that it shares with others (CIE). They are put one behind the other in the buffer, so that to gimli
//! they are a whole section.
//!
//! Surprising: a table may be anything, also a lie. It says where the caller is, and cannot do harm.

use crate::architecture::Architecture;
use crate::expression::{self, Bytes};
use crate::process::{Process, read_array, read_whole};
use crate::row::{Machine, Step};
use crate::rule::Cfa;
use gimli::{
    BaseAddresses, CommonInformationEntry, EhFrame, EhFrameOffset, FrameDescriptionEntry,
    LittleEndian, UnwindSection, Vendor,
};

/// Both entries of a function. Those of the largest functions have some kilobytes.
pub(crate) const ENTRIES: usize = 8 << 10;
/// More functions than any module has.
const MOST: u32 = 1 << 26;
/// Bytes of one function in the index.
const IN_INDEX: u64 = 8;

/// What an entry says beside the row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meaning {
    /// The register of the return address.
    pub column: usize,
    pub is_signal: bool,
}

/// Has the machine's row stand at an address, by the table whose index is at `index`. `None`: the table
/// says nothing of the address.
pub(crate) fn read_row(
    process: &mut dyn Process,
    architecture: Architecture,
    index: u64,
    address: u64,
    entries: &mut [u8],
    machine: &mut Machine,
) -> Option<Meaning> {
    let at = search(process, index, address)?;
    let (shared, length) = copy_entries(process, at, entries)?;
    let mut section = EhFrame::new(entries.get(..length)?, LittleEndian);
    section.set_address_size(8);
    section.set_vendor(match architecture {
        Architecture::X86_64 => Vendor::Default,
        Architecture::AArch64 => Vendor::AArch64,
    });
    // Addresses in an entry are told as distances from where they stand.
    let bases = BaseAddresses::default().set_eh_frame(at.wrapping_sub(shared as u64));
    let offset = EhFrameOffset(shared);
    let entry = section.fde_from_offset(&bases, offset, EhFrame::cie_from_offset).ok()?;
    if !entry.contains(address) {
        return None;
    }
    run(&section, &bases, &entry, address, machine)?;
    let cie = entry.cie();
    if let Some(Cfa::Computed(part)) = machine.row().cfa {
        let common = expression::kept(expression::bytes(entries, part)?);
        machine.row_mut().cfa = common.or(machine.row().cfa);
    }
    let column = usize::from(cie.return_address_register().0);
    let is_signal = cie.is_signal_trampoline();
    Some(Meaning { column, is_signal })
}

/// The address of a function's entry: that of the last function which does not begin behind `address`.
fn search(process: &mut dyn Process, index: u64, address: u64) -> Option<u64> {
    // Version 1; where .eh_frame is, in 4 bytes; the count in 4 bytes; distances from the index in 4 bytes.
    let [1, frame, 0x03, 0x3b, rest @ ..] = read_array::<12>(process, index)? else { return None };
    if !matches!(frame & 0x0f, 0x03 | 0x0b) {
        return None;
    }
    let count = u32::from_le_bytes(rest[4..].try_into().ok()?);
    let first = index.wrapping_add(12);
    let (mut low, mut high) = (0, count.min(MOST));
    let mut found = None;
    while low < high {
        let middle = low + (high - low) / 2;
        let place = first.wrapping_add(u64::from(middle) * IN_INDEX);
        let [a, b, c, d, entry @ ..] = read_array::<8>(process, place)?;
        let away = |bytes| index.wrapping_add_signed(i64::from(i32::from_le_bytes(bytes)));
        if away([a, b, c, d]) <= address {
            found = Some(away(entry));
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    found
}

/// Copies the shared entry and the function's, and returns where the second begins and ends.
fn copy_entries(process: &mut dyn Process, at: u64, entries: &mut [u8]) -> Option<(usize, usize)> {
    let [a, b, c, d, back @ ..] = read_array::<8>(process, at)?;
    let length = size(u32::from_le_bytes([a, b, c, d]))?;
    // The distance back to the shared entry, from where it stands.
    let back = u32::from_le_bytes(back);
    let shared_at = at.wrapping_add(4).wrapping_sub(u64::from(back));
    let shared = size(u32::from_le_bytes(read_array::<4>(process, shared_at)?))?;
    let end = shared.checked_add(length).filter(|&end| back != 0 && end <= entries.len())?;
    read_whole(process, shared_at, &mut entries[..shared])?;
    read_whole(process, at, &mut entries[shared..end])?;
    let back_here = u32::try_from(shared + 4).ok()?;
    entries.get_mut(shared + 4..shared + 8)?.copy_from_slice(&back_here.to_le_bytes());
    Some((shared, end))
}

/// An entry's size, its length included. The end of a table has length 0; lengths of 64 bits are not in use.
fn size(length: u32) -> Option<usize> {
    let size = usize::try_from(length).ok()?.checked_add(4)?;
    (8..=ENTRIES).contains(&size).then_some(size)
}

/// Carries out the instructions of both entries, up to the row of the address.
fn run(
    section: &EhFrame<Bytes<'_>>,
    bases: &BaseAddresses,
    entry: &FrameDescriptionEntry<Bytes<'_>>,
    address: u64,
    machine: &mut Machine,
) -> Option<()> {
    let cie: &CommonInformationEntry<_> = entry.cie();
    machine.begin();
    let mut at = entry.initial_address();
    let mut instructions = cie.instructions(section, bases);
    while let Some(instruction) = instructions.next().ok()? {
        if let Step::Advances(_) = machine.step(&instruction, cie, at)? {
            return None;
        }
    }
    machine.keep_initial();
    let mut instructions = entry.instructions(section, bases);
    while let Some(instruction) = instructions.next().ok()? {
        if let Step::Advances(next) = machine.step(&instruction, cie, at)? {
            if next > address {
                break;
            }
            at = next;
        }
    }
    Some(())
}
