//! A target by any of the names it goes by: the golden table's own, Rust's, or what `machines.rs`
//! understands.
//!
//! A name of a machine that is not in the table is refused, and never answered with a row of the other byte
//! order or word size.

use super::debian;
use super::machines::Machine;
use epshim_layouts::{Row, Table};

/// The Rust target that this command was built for.
pub const HOST: &str = env!("EPSHIM_TARGET");

/// The row of this machine.
pub fn host(table: &Table) -> Result<&Row, String> {
    find(table, HOST).map_err(|_| {
        format!("this command was built for {HOST}, which is not in the golden table; name a target with --target")
    })
}

/// The names of the table, for shells. They live as long as this command, which ends when it has answered.
pub fn targets() -> Vec<&'static str> {
    Table::golden().rows.into_iter().map(|row| &*row.target.name.leak()).collect()
}

/// The row with this name.
pub fn find<'a>(table: &'a Table, name: &str) -> Result<&'a Row, String> {
    let lower = name.to_ascii_lowercase();
    if let Some(row) = table.row(name).or_else(|| table.row(&lower)) {
        return Ok(row);
    }
    let machine = Machine::named(&lower).ok_or_else(|| unknown(table, name))?;
    row_of(table, &machine).ok_or_else(|| absent(table, name, &machine))
}

/// The first row of a machine that fits: glibc's, where no C library is named.
fn row_of<'a>(table: &'a Table, machine: &Machine) -> Option<&'a Row> {
    let of_machine = |row: &&Row| {
        let t = &row.target;
        (t.arch.as_str(), t.endian.as_str(), t.pointer_width)
            == (machine.arch.as_str(), machine.endian, machine.width)
            && t.abi != "oabi"
    };
    let rows: Vec<_> = table.rows.iter().filter(of_machine).collect();
    // Of some machines there is the kernel's structure alone.
    let of_libc = |row: &&&Row| {
        machine.libc.is_none_or(|libc| row.target.libc == libc || row.target.libc == "none")
    };
    let mut rows = rows.iter().filter(of_libc).copied();
    let abi = machine.abi.unwrap_or_default();
    let exact = rows.clone().find(|row| row.target.abi == abi);
    exact.or_else(|| rows.next())
}

/// The name is understood, and the table has no such row.
fn absent(table: &Table, name: &str, machine: &Machine) -> String {
    let Machine { arch, endian, width, libc, .. } = machine;
    let library = libc.map_or(String::new(), |libc| format!(" with {libc}"));
    let other = |row: &&Row| row.target.arch == *arch && row.target.endian != *endian;
    let other = match table.rows.iter().find(other) {
        Some(row) => {
            format!(" {} is of the other byte order, which is another machine.", row.target.name)
        }
        None => String::new(),
    };
    format!(
        "no target `{name}` in the golden table: {arch}, {endian}-endian, {width} bits{library}.{other} \
         `epshim layout --all` lists them all."
    )
}

fn unknown(table: &Table, name: &str) -> String {
    let own = table.rows.iter().map(|row| row.target.name.as_str());
    let rust = table.rows.iter().flat_map(|row| row.target.rust.iter().map(String::as_str));
    let debian = debian::ARCHITECTURES.iter().map(|&(debian, _)| debian);
    let mut near: Vec<_> = own
        .chain(rust)
        .chain(debian)
        .map(|known| (strsim::normalized_damerau_levenshtein(known, name), known))
        .filter(|&(likeness, _)| likeness > 0.6)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let near: Vec<_> = near.iter().take(3).map(|(_, known)| *known).collect();
    let question = match near[..] {
        [] => String::new(),
        _ => format!(" Did you mean {}?", near.join(", ")),
    };
    format!(
        "no target `{name}` in the golden table.{question} `epshim layout --all` lists them all."
    )
}

#[cfg(test)]
mod tests {
    use super::super::debian::ARCHITECTURES;
    use super::find;
    use epshim_layouts::Table;

    /// Who uses the names: `uname -m`; GNU; Rust, where no row lists it; Go; Debian; Zig; Docker.
    const NAMES: &[(&str, &str)] = &[
        (
            "x86_64-linux-gnu",
            "x86_64 AMD64 X86_64 x86-64 amd64 x86_64-pc-linux-gnu linux/amd64 x86_64-linux x86_64-linux.5.10-gnu.2.36",
        ),
        ("x86_64-linux-gnux32", "x32 amd64p32 x86_64-pc-linux-gnux32"),
        (
            "i686-linux-gnu",
            "i386 i486 i586 i686 386 x86 x86-linux-gnu i386-linux-gnu i686-pc-linux-gnu",
        ),
        ("aarch64-linux-gnu", "aarch64 AARCH64 ARM64 arm64 linux/arm64 aarch64-linux-gnu.2.31"),
        (
            "arm-linux-gnueabihf",
            "armhf armv7l armv8l armv7 armv7hl-redhat-linux-gnueabihf thumb-linux-gnueabihf",
        ),
        ("arm-linux-gnueabi", "arm armel armv5tel armv6l arm-none-linux-gnueabi arm-linux"),
        (
            "armeb-linux-gnueabi",
            "armeb armv7b armv5teb armbe ARMV8B armeb-linux-gnueabihf armebv7r",
        ),
        ("powerpc-linux-gnu", "ppc powerpc powerpc-linux-gnuspe powerpc-linux-gnueabihf"),
        ("powerpc64-linux-gnu", "ppc64 powerpc64"),
        ("powerpc64le-linux-gnu", "ppc64le ppc64el powerpc64le powerpc64le-unknown-linux-gnu"),
        ("s390x-linux-gnu", "s390x S390X s390x-ibm-linux-gnu"),
        ("s390-linux-gnu", "s390 s390-ibm-linux-gnu"),
        ("mips-linux-gnu", "mips mips-linux-gnueabihf"),
        ("mipsel-linux-gnu", "mipsel mipsle mipsel-linux-gnueabi"),
        ("mips64-linux-gnuabi64", "mips64 mips64-unknown-linux-gnuabi64"),
        ("mips64el-linux-gnuabi64", "mips64el mips64le"),
        ("mips64-linux-gnuabin32", "mipsn32 mips64p32 mips64-unknown-linux-gnuabin32"),
        ("mips64el-linux-gnuabin32", "mipsn32el mips64p32le"),
        ("mipsisa32r6el-linux-gnu", "mipsr6el mipsisa32r6el-unknown-linux-gnu"),
        ("riscv64-linux-gnu", "riscv64 riscv64gc RISCV64 riscv64imac-unknown-linux-gnu"),
        ("riscv32-linux-gnu", "riscv32 riscv32gc riscv32-linux-gnu"),
        ("loongarch64-linux-gnu", "loongarch64 loong64 loongarch64-linux-gnuf64"),
        ("loongarch32-linux-gnu", "loongarch32 loongarch32-linux-gnusf"),
        ("sparc-linux-gnu", "sparc"),
        ("sparc64-linux-gnu", "sparc64 sparcv9"),
        ("m68k-linux-gnu", "m68k"),
        ("alpha-linux-gnu", "alpha alphaev67 alphaev6-unknown-linux-gnu"),
        ("hppa-linux-gnu", "hppa parisc parisc64 hppa1.1-unknown-linux-gnu"),
        ("sh4-linux-gnu", "sh4 sh4a sh"),
        ("sh4eb-linux", "sh4eb sheb"),
        ("arc-linux-gnu", "arc"),
        ("csky-linux-gnuabiv2", "csky csky-linux-gnuabiv2hf"),
        ("or1k-linux", "or1k openrisc or1k-unknown-linux-musl"),
        ("xtensa-linux", "xtensa"),
        ("hexagon-linux-musl", "hexagon"),
        ("x86_64-linux-musl", "musl-linux-amd64 x86_64-alpine-linux-musl"),
        ("i686-linux-musl", "x86-linux-musl i586-alpine-linux-musl"),
        ("x86_64-linux-muslx32", "x86_64-unknown-linux-muslx32"),
        ("arm-linux-musleabihf", "armv7-alpine-linux-musleabihf armhf-linux-musl"),
        ("armeb-linux-musleabi", "armv7b-linux-musleabihf armeb-linux-musl"),
        ("mips64-linux-muslabin32", "mips64-unknown-linux-muslabin32"),
        ("i686-linux-android", "x86-linux-android i686-linux-android29 i386-unknown-linux-android"),
        ("arm-linux-androideabi", "armv7a-linux-androideabi30 arm-linux-androideabi.29"),
        ("arm-linux-oabi", "ARM-LINUX-OABI"),
        ("x86_64-linux-dietlibc", "x86_64-unknown-linux-dietlibc"),
    ];

    #[test]
    fn every_kind_of_name_finds_its_row() {
        let table = Table::golden();
        for (row, names) in NAMES {
            for name in names.split(' ') {
                let found = find(&table, name).map(|row| row.target.name.as_str());
                assert_eq!(found, Ok(*row), "{name}");
            }
        }
        for (name, row) in ARCHITECTURES {
            assert_eq!(find(&table, name).map(|row| row.target.name.as_str()), Ok(*row), "{name}");
        }
    }

    /// Another machine's row is no answer.
    #[test]
    fn what_is_not_in_the_table_is_refused() {
        let table = Table::golden();
        for name in [
            "riscv64be",
            "riscv32be-linux-gnu",
            "arceb",
            "xtensaeb",
            "powerpcle",
            "ppcle",
            "hppa64",
            "microblaze",
            "microblazeel",
            "nios2",
            "aarch64-linux-gnu_ilp32",
            "arm64_32",
            "ia64",
            "arm-linux-gnu",
            "x86_64-unknown-linux-none",
            "x86_64-unknown-linux-ohos",
            "x86_64-unknown-linux-uclibc",
            "x86_64-unknown-freebsd",
            "x86_64-w64-mingw32",
            "aarch64-apple-darwin",
            "x86_64-pc-windows-gnu",
            "linux",
            "",
            "-",
            "linux-gnu",
            "armv",
            "pdp11",
            "s390x-linux-musleabi",
            "hexagon-linux-gnu",
            "csky-linux-musl",
        ] {
            let refused = find(&table, name).map(|row| &row.target.name);
            assert!(refused.is_err(), "{name}: {refused:?}");
        }
        let sentence = find(&table, "riscv64be").unwrap_err();
        assert!(sentence.contains("riscv64, big-endian, 64 bits"), "{sentence}");
        assert!(sentence.contains("riscv64-linux-gnu is of the other byte order"), "{sentence}");
    }
}
