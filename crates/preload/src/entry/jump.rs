//! A jump to a function of this library, for each architecture: the exported names jump to the hooks,
//! and the names that the hooks call jump to functions of Rust's.
//!
//! powerpc64 is not among the architectures: a function that is entered from elsewhere must first set
//! up the register that its own library's data are found by (ELFv2 ABI, 2.3.2), which a jump does not.

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
macro_rules! instruction {
    () => {
        "jmp {}"
    };
}

#[cfg(any(target_arch = "arm", target_arch = "aarch64", target_arch = "loongarch64"))]
macro_rules! instruction {
    () => {
        "b {}"
    };
}

#[cfg(any(target_arch = "riscv32", target_arch = "riscv64"))]
macro_rules! instruction {
    () => {
        "tail {}"
    };
}

#[cfg(target_arch = "s390x")]
macro_rules! instruction {
    () => {
        "jg {}"
    };
}

/// What an indirect branch must land on where the processor checks that (CET, BTI), and does nothing elsewhere:
/// a program enters the exported names so. rustc writes it for its own functions behind an unstable option only.
#[cfg(target_arch = "x86_64")]
macro_rules! landing {
    () => {
        "endbr64"
    };
}

#[cfg(target_arch = "x86")]
macro_rules! landing {
    () => {
        "endbr32"
    };
}

#[cfg(target_arch = "aarch64")]
macro_rules! landing {
    // `bti c`, by the number that assemblers without BTI know too.
    () => {
        "hint #34"
    };
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "x86", target_arch = "aarch64")))]
macro_rules! landing {
    () => {
        ""
    };
}

/// The body of a naked function: a jump to `$target`.
macro_rules! naked_jump {
    ($target:path) => {
        core::arch::naked_asm!(
            crate::entry::jump::landing!(),
            crate::entry::jump::instruction!(),
            sym $target
        )
    };
}

/// Defines `$name` for the hooks alone, as a jump to a function of Rust's. `no_mangle` would export the
/// name, and the library exports libc's names only.
macro_rules! hidden {
    ($($name:ident => $target:path;)*) => {$(
        core::arch::global_asm!(
            ".text",
            concat!(".globl ", stringify!($name)),
            concat!(".hidden ", stringify!($name)),
            concat!(".type ", stringify!($name), ", %function"),
            concat!(stringify!($name), ":"),
            crate::entry::jump::instruction!(),
            sym $target
        );
    )*};
}

pub(crate) use {hidden, instruction, landing, naked_jump};
