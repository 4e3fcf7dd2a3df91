//! What a walk must know of an architecture, and the registers of a thread.
//!
//! Registers go by their DWARF numbers. Only those that may hold an address are kept: what a table
//! says of the others (vectors, flags) has no influence on where the callers are.
//!
//! Surprising: x86-64 counts the return address as a register, AArch64 has one for it.

/// The most registers that an architecture has here: x0 to x30 and sp of AArch64.
pub const REGISTERS: usize = 32;

/// The architectures whose stacks can be walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// x86-64, with addresses of 64 bits.
    X86_64,
    /// AArch64, little-endian, with addresses of 64 bits.
    AArch64,
}

impl Architecture {
    /// The number of the stack pointer.
    #[must_use]
    pub const fn stack_pointer(self) -> usize {
        match self {
            Self::X86_64 => 7,
            Self::AArch64 => 31,
        }
    }

    /// The number of registers that a walk follows.
    #[must_use]
    pub const fn count(self) -> usize {
        match self {
            Self::X86_64 => 16,
            Self::AArch64 => 32,
        }
    }

    /// Where a table says nothing of the return address: whether it is still in its register.
    pub(crate) const fn has_link_register(self) -> bool {
        matches!(self, Self::AArch64)
    }

    /// The address in a return address that may be signed (AArch64, pointer authentication): a
    /// program's addresses have 48 bits there, unless it asks for more at each mapping.
    pub(crate) const fn address_in(self, signed: u64) -> u64 {
        match self {
            Self::X86_64 => signed,
            Self::AArch64 => signed & ((1 << 48) - 1),
        }
    }
}

/// Where a thread is, and what its registers hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registers {
    /// The address of the instruction that comes next.
    pub instruction: u64,
    /// By DWARF number.
    pub values: [u64; REGISTERS],
}
