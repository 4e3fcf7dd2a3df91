//! The registers of the calling thread, from which a walk through its stack begins.
//!
//! Those that functions keep for their callers, the stack pointer, and an address at which they had
//! these values: the tables of the function that asks say where the values of its caller are from there.
//!
//! Surprising: it must be inlined into a function that is there for as long as the walk is. On an
//! architecture whose stacks are not walked there is nothing to begin with.

use epshim_walk::{Architecture, Registers};

/// The architecture that this is, if its stacks are walked.
pub const ARCHITECTURE: Option<Architecture> = if cfg!(not(target_pointer_width = "64")) {
    None
} else if cfg!(target_arch = "x86_64") {
    Some(Architecture::X86_64)
} else if cfg!(all(target_arch = "aarch64", target_endian = "little")) {
    Some(Architecture::AArch64)
} else {
    None
};

/// The registers here.
#[cfg(all(target_arch = "x86_64", target_pointer_width = "64"))]
#[inline(always)]
pub fn here() -> Option<Registers> {
    let mut values = [0; epshim_walk::REGISTERS];
    let instruction;
    // SAFETY: the registers are read, and written where there is room: by DWARF number, 8 bytes each.
    unsafe {
        std::arch::asm!(
            "lea {here}, [rip]",
            "mov [{to} + 3 * 8], rbx",
            "mov [{to} + 6 * 8], rbp",
            "mov [{to} + 7 * 8], rsp",
            "mov [{to} + 12 * 8], r12",
            "mov [{to} + 13 * 8], r13",
            "mov [{to} + 14 * 8], r14",
            "mov [{to} + 15 * 8], r15",
            here = out(reg) instruction,
            to = in(reg) values.as_mut_ptr(),
            options(nostack, preserves_flags),
        );
    }
    Some(Registers { instruction, values })
}

/// The registers here.
#[cfg(all(target_arch = "aarch64", target_endian = "little", target_pointer_width = "64"))]
#[inline(always)]
pub fn here() -> Option<Registers> {
    let mut values = [0; epshim_walk::REGISTERS];
    let instruction;
    // SAFETY: as above.
    unsafe {
        std::arch::asm!(
            "adr {here}, .",
            "stp x19, x20, [{to}, #19 * 8]",
            "stp x21, x22, [{to}, #21 * 8]",
            "stp x23, x24, [{to}, #23 * 8]",
            "stp x25, x26, [{to}, #25 * 8]",
            "stp x27, x28, [{to}, #27 * 8]",
            "stp x29, x30, [{to}, #29 * 8]",
            "mov {sp}, sp",
            "str {sp}, [{to}, #31 * 8]",
            here = out(reg) instruction,
            sp = out(reg) _,
            to = in(reg) values.as_mut_ptr(),
            options(nostack, preserves_flags),
        );
    }
    Some(Registers { instruction, values })
}

/// There are none to begin with.
#[cfg(not(all(
    target_pointer_width = "64",
    any(target_arch = "x86_64", all(target_arch = "aarch64", target_endian = "little"))
)))]
#[inline(always)]
pub fn here() -> Option<Registers> {
    None
}
