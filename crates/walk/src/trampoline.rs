//! The frame that the kernel makes for a signal, where no table describes it: musl's on x86-64, and the
//! kernel's own on AArch64. It is known by the two instructions that end a handler, as other unwinders
//! know it.
//!
//! What lies on the stack then is part of the kernel's interface: `struct rt_sigframe`, in which
//! `uc_mcontext` has the registers of what was interrupted.

use crate::architecture::{Architecture, Registers};
use crate::process::{Process, read_array};
use crate::window::Window;

/// `mov $15, %rax; syscall`
const X86_64: [u8; 9] = [0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05];
/// `mov x8, #139; svc #0`
const AARCH64: [u8; 8] = [0x68, 0x11, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4];

/// DWARF's numbers of the registers from `uc_mcontext` on: r8 to r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp.
const ORDER: [usize; 16] = [8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 3, 1, 0, 2, 7];
/// Where they begin, from the stack pointer on: behind flags, link and `uc_stack`.
const X86_64_REGISTERS: u64 = 40;
/// Behind `siginfo_t`, and in `ucontext_t` behind flags, link, `uc_stack`, a mask of 128 bytes, and the
/// address of a fault.
const AARCH64_REGISTERS: u64 = 128 + 176 + 8;

/// Has `caller`, a copy of the registers, be those of what a signal interrupted, if this is the end of its
/// handler.
#[inline(never)]
pub(crate) fn interrupted(
    architecture: Architecture,
    registers: &Registers,
    caller: &mut Registers,
    stack: &mut Window,
    process: &mut dyn Process,
) -> Option<()> {
    let here = registers.instruction;
    let is_end = match architecture {
        Architecture::X86_64 => read_array(process, here) == Some(X86_64),
        Architecture::AArch64 => read_array(process, here) == Some(AARCH64),
    };
    if !is_end {
        return None;
    }
    let top = registers.values[architecture.stack_pointer()];
    let mut at = match architecture {
        Architecture::X86_64 => top.wrapping_add(X86_64_REGISTERS),
        Architecture::AArch64 => top.wrapping_add(AARCH64_REGISTERS),
    };
    let mut next = || {
        let word = stack.word(process, at);
        at = at.wrapping_add(8);
        word
    };
    match architecture {
        Architecture::X86_64 => {
            for register in ORDER {
                caller.values[register] = next()?;
            }
        }
        // x0 to x30, and sp.
        Architecture::AArch64 => {
            for value in &mut caller.values {
                *value = next()?;
            }
        }
    }
    caller.instruction = next()?;
    Some(())
}
