//! What other languages call an architecture, so that an emitted file can refuse another machine.
//!
//! An empty name: the language has no port to it, or none that has a name yet.

use epshim_layouts::Row;

/// The names of one architecture.
#[derive(Debug, Clone, Copy)]
pub struct Names {
    /// Starts of `uname -m`, 64-bit kernels with 32-bit programs included.
    pub uname: &'static [&'static str],
    /// `GOARCH`, of gc or gccgo.
    pub go: &'static str,
    /// Java's property `os.arch`.
    pub java: &'static str,
    /// Node's `process.arch`.
    pub node: &'static str,
    /// Zig's `builtin.cpu.arch`.
    pub zig: &'static str,
    /// .NET's `ProcessArchitecture`.
    pub dotnet: &'static str,
}

/// The names of a row's architecture.
pub fn names(row: &Row) -> Names {
    let target = &row.target;
    let big = target.endian == "big";
    let order = |big_name, little_name| if big { big_name } else { little_name };
    let (uname, go, java, node, zig, dotnet): (&[&str], _, _, _, _, _) = match target.arch.as_str()
    {
        "x86_64" if target.pointer_width == 32 => (&["x86_64"], "amd64p32", "", "", "x86_64", ""),
        "x86_64" => (&["x86_64"], "amd64", "amd64", "x64", "x86_64", "X64"),
        "x86" => (&["i386", "i486", "i586", "i686", "x86_64"], "386", "i386", "ia32", "x86", "X86"),
        "aarch64" if big => (&["aarch64_be"], "arm64be", "", "", "aarch64_be", ""),
        "aarch64" => (&["aarch64"], "arm64", "aarch64", "arm64", "aarch64", "Arm64"),
        "arm" if big => (&["armv", "armeb", "aarch64_be"], "armbe", "", "", "armeb", ""),
        "arm" => (&["arm", "aarch64"], "arm", "arm", "arm", "arm", "Arm"),
        "powerpc" => (&["ppc"], "ppc", "ppc", "ppc", "powerpc", ""),
        "powerpc64" if big => (&["ppc64"], "ppc64", "ppc64", "ppc64", "powerpc64", ""),
        "powerpc64" => (&["ppc64le"], "ppc64le", "ppc64le", "ppc64", "powerpc64le", "Ppc64le"),
        "s390x" => (&["s390x"], "s390x", "s390x", "s390x", "s390x", "S390x"),
        "mips" | "mips32r6" => (
            &["mips"],
            order("mips", "mipsle"),
            order("mips", "mipsel"),
            order("mips", "mipsel"),
            order("mips", "mipsel"),
            "",
        ),
        "mips64" | "mips64r6" => (
            &["mips64"],
            order("mips64", "mips64le"),
            order("mips64", "mips64el"),
            "",
            order("mips64", "mips64el"),
            "",
        ),
        "riscv64" => (&["riscv64"], "riscv64", "riscv64", "riscv64", "riscv64", "RiscV64"),
        "sparc" => (&["sparc"], "sparc", "sparc", "", "sparc", ""),
        "sparc64" => (&["sparc64"], "sparc64", "sparcv9", "", "sparc64", ""),
        "m68k" => (&["m68k"], "m68k", "m68k", "", "m68k", ""),
        "alpha" => (&["alpha"], "alpha", "alpha", "", "alpha", ""),
        "hppa" => (&["parisc"], "hppa", "parisc", "", "hppa", ""),
        "sh" => (&["sh"], "sh", "sh", "", "sh", ""),
        "arc" => (&["arc"], "", "arc", "", "arc", ""),
        "loongarch64" => {
            (&["loongarch64"], "loong64", "loongarch64", "loong64", "loongarch64", "LoongArch64")
        }
        _ => (&[], "", "", "", "", ""),
    };
    Names { uname, go, java, node, zig, dotnet }
}
