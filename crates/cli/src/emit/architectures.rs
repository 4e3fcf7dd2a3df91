//! What other languages call a row's machine, so that an emitted file can refuse another one.
//!
//! Each language has its own name for an architecture, and none for those that it has no port to:
//! a guard then asks the kernel (`uname -m`), or what the language's compiler says about itself.
//! Names alone never decide: a guard asks for the byte order and the word size as well, because `mips`
//! and `x86_64` are names of several machines.
//!
//! The C library is part of the machine where, and only where, the table has another layout
//! for the same machine with another library: [`libc`] compares the rows.

use epshim_layouts::{Row, Table};
use std::sync::LazyLock;

/// One line an architecture and byte order; `-`: no name, `,` between several.
///
/// `uname`: starts of `uname -m`, those of 64-bit kernels that run 32-bit programs included; `c`: the
/// compiler's macro; `go`: `GOARCH`, of gccgo where the name starts with `gccgo:`; `java`: `os.arch`;
/// `node`: `process.arch`; `dotnet`: `ProcessArchitecture`; `zig`: `builtin.cpu.arch`; `d`: the
/// predefined version; `nim`: `hostCPU`; `ruby`: starts of `FFI::Platform::ARCH`.
const TABLE: &str = "
arch/order/bits       uname                    c               go             java        node    dotnet      zig         d           nim         ruby
x86_64/little/64      x86_64                   __x86_64__      amd64          amd64       x64     X64         x86_64      X86_64      amd64       x86_64
x86_64/little/32      x86_64                   __x86_64__      gccgo:amd64p32 x32         x32     X64         x86_64      X86_64      -           x86_64
x86/little/32         i386,i486,i586,i686,x86_64 __i386__      386            i386        ia32    X86         x86         X86         i386        i386
aarch64/little/64     aarch64                  __aarch64__     arm64          aarch64     arm64   Arm64       aarch64     AArch64     arm64       aarch64
aarch64/big/64        aarch64_be               __aarch64__     gccgo:arm64be  aarch64     arm64   -           aarch64_be  AArch64     -           aarch64
arm/little/32         arm,aarch64              __arm__         arm            arm         arm     Arm         arm,thumb   ARM         arm         arm
arm/big/32            arm,aarch64_be           __arm__         gccgo:armbe    arm         arm     -           armeb,thumbeb ARM       -           arm
powerpc/big/32        ppc                      __powerpc__     gccgo:ppc      ppc         ppc     -           powerpc     PPC         powerpc     powerpc
powerpc64/big/64      ppc64                    __powerpc64__   ppc64          ppc64       ppc64   -           powerpc64   PPC64       powerpc64   powerpc64
powerpc64/little/64   ppc64le                  __powerpc64__   ppc64le        ppc64le     ppc64   Ppc64le     powerpc64le PPC64       powerpc64el powerpc64
s390/big/32           s390                     __s390__        gccgo:s390     s390        s390    -           -           S390        -           s390
s390x/big/64          s390x                    __s390x__       s390x          s390x       s390x   S390x       s390x       SystemZ     s390x       s390x
mips/big/32           mips                     __mips__        mips           mips        mips    -           mips        MIPS32      mips        mips
mips/little/32        mips                     __mips__        mipsle         mipsel      mipsel  -           mipsel      MIPS32      mipsel      mips
mips64/big/32         mips64                   __mips__        gccgo:mips64p32 mips64     -       -           mips64      MIPS64      -           mips
mips64/little/32      mips64                   __mips__        gccgo:mips64p32le mips64el -       -           mips64el    MIPS64      -           mips
mips64/big/64         mips64                   __mips__        mips64         mips64      -       -           mips64      MIPS64      mips64      mips64
mips64/little/64      mips64                   __mips__        mips64le       mips64el    -       -           mips64el    MIPS64      mips64el    mips64
riscv32/little/32     riscv32                  __riscv         gccgo:riscv    riscv32     -       -           riscv32     RISCV32     riscv32     riscv32
riscv64/little/64     riscv64                  __riscv         riscv64        riscv64     riscv64 RiscV64     riscv64     RISCV64     riscv64     riscv64
loongarch32/little/32 loongarch32              __loongarch__   -              -           -       -           loongarch32 LoongArch32 -           loongarch32
loongarch64/little/64 loongarch64              __loongarch__   loong64        loongarch64 loong64 LoongArch64 loongarch64 LoongArch64 loongarch64 loongarch64
sparc/big/32          sparc                    __sparc__       gccgo:sparc    sparc       -       -           sparc       SPARC       sparc       sparc
sparc64/big/64        sparc64                  __sparc__       gccgo:sparc64  sparcv9     -       -           sparc64     SPARC64     sparc64     sparc
alpha/little/64       alpha                    __alpha__       gccgo:alpha    alpha       -       -           alpha       Alpha       alpha       alpha
hppa/big/32           parisc                   __hppa__        -              hppa        -       -           hppa        HPPA        hppa        hppa,parisc
m68k/big/32           m68k                     __m68k__        gccgo:m68k     m68k        -       -           m68k        -           m68k        m68k
sh/little/32          sh                       __sh__          gccgo:sh       sh          -       -           sh          SH          -           sh
sh/big/32             sh                       __sh__          gccgo:shbe     sheb        -       -           sheb        SH          -           sh
arc/little/32         arc                      __arc__         -              arc         -       -           arc         -           -           arc
csky/little/32        csky                     __csky__        -              csky        -       -           csky        -           -           csky
hexagon/little/32     hexagon                  __hexagon__     -              hexagon     -       -           hexagon     -           -           hexagon
or1k/big/32           openrisc                 __or1k__        -              or1k        -       -           or1k        -           -           or1k,openrisc
xtensa/little/32      xtensa                   __xtensa__      -              xtensa      -       -           xtensa      Xtensa      -           xtensa
xtensa/big/32         xtensa                   __xtensa__      -              xtensaeb    -       -           xtensaeb    Xtensa      -           xtensa
";

/// What each language calls one architecture; an empty text: it has no name for it.
#[derive(Debug, Clone, Copy)]
pub struct Names {
    pub uname: &'static str,
    pub c: &'static str,
    pub go: &'static str,
    pub java: &'static str,
    pub node: &'static str,
    pub dotnet: &'static str,
    pub zig: &'static str,
    pub d: &'static str,
    pub nim: &'static str,
    pub ruby: &'static str,
}

/// The names of a row's architecture. A test holds that [`TABLE`] has a line for every row.
pub fn names(row: &Row) -> Names {
    let target = &row.target;
    let arch = match target.arch.as_str() {
        "mips32r6" => "mips",
        "mips64r6" => "mips64",
        arch => arch,
    };
    let key = format!("{arch}/{}/{}", target.endian, target.pointer_width);
    let line = TABLE.lines().find(|line| line.split_whitespace().next() == Some(key.as_str()));
    let words: Vec<_> = line
        .unwrap_or_else(|| panic!("emit/architectures.rs does not know {key}"))
        .split_whitespace()
        .map(|word| if word == "-" { "" } else { word })
        .collect();
    let [_, uname, c, go, java, node, dotnet, zig, d, nim, ruby] = words[..] else {
        unreachable!("a line of TABLE has eleven words: {words:?}")
    };
    Names { uname, c, go, java, node, dotnet, zig, d, nim, ruby }
}

/// Whether a machine's layout depends on its C library, and on which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Libc {
    /// All C libraries that the table has for the machine agree.
    Any,
    /// The layout is glibc's, and another library has another.
    Glibc,
    /// The layout is that of another library, and glibc has another.
    NotGlibc,
}

/// The C library that a row's file has to ask for.
pub fn libc(row: &Row) -> Libc {
    let machine = |row: &Row| {
        let t = &row.target;
        let eabi = t.abi != "oabi";
        (t.arch.clone(), t.endian.clone(), t.pointer_width, eabi)
    };
    let layout = |row: &Row| {
        let m = &row.measured;
        (m.layout.size, m.layout.align, m.layout.events_offset, m.layout.data_offset)
    };
    let is_glibc = |row: &Row| row.target.libc == "glibc";
    static GOLDEN: LazyLock<Table> = LazyLock::new(Table::golden);
    let differs = GOLDEN.rows.iter().any(|other| {
        machine(other) == machine(row)
            && is_glibc(other) != is_glibc(row)
            && layout(other) != layout(row)
    });
    match (differs, is_glibc(row)) {
        (false, _) => Libc::Any,
        (true, true) => Libc::Glibc,
        (true, false) => Libc::NotGlibc,
    }
}

#[cfg(test)]
mod tests {
    use super::{Libc, TABLE, libc, names};
    use epshim_layouts::Table;

    #[test]
    fn every_row_has_its_names() {
        assert!(TABLE.trim().lines().all(|line| line.split_whitespace().count() == 11));
        for row in Table::golden().rows {
            assert!(!names(&row).uname.is_empty());
        }
    }

    #[test]
    fn a_c_library_counts_only_where_the_layout_depends_on_it() {
        for row in Table::golden().rows {
            let expected = match (row.target.arch.as_str(), row.target.libc.as_str()) {
                ("x86", "glibc") => Libc::Glibc,
                ("x86", _) => Libc::NotGlibc,
                _ => Libc::Any,
            };
            assert_eq!(libc(&row), expected, "{}", row.target.name);
        }
    }
}
