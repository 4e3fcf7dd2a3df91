//! Which row of the golden table a program is of, by its ELF header and its C library.
//!
//! The header says the architecture, the width of pointers and the byte order, and of ARM and MIPS the ABI. The C
//! library is known by the loader or by the libraries that the program needs. Where it is not known (an object
//! file, a static program, debugging information alone) the rows of all C libraries are taken, as long as they say
//! the same; what they do not agree on, an alignment, is not compared. A machine of which the table has the
//! kernel's structure alone has that one with every C library.

use super::elf::Identity;
use crate::{Layout, Row, Table};
use object::elf;

/// What the table says of a program's structure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The rows, by their names.
    pub rows: Vec<String>,
    /// What they say.
    pub layout: Layout,
    /// Whether they say the same of the alignment.
    pub is_align_agreed: bool,
}

impl Expected {
    /// Of rows, which must not differ but in the alignment.
    ///
    /// # Errors
    ///
    /// They do, or there are none.
    pub fn of(rows: &[&Row]) -> Result<Self, String> {
        let first = rows.first().ok_or("is of a target that is not in the golden table")?;
        let same = |row: &&Row| {
            let key = |row: &Row| {
                let Layout { size, events_offset, data_offset, .. } = row.measured.layout;
                (size, events_offset, data_offset)
            };
            key(row) == key(first)
        };
        if !rows.iter().all(same) {
            return Err(
                "may be of several targets whose layouts differ; name one with --target".to_owned()
            );
        }
        let layout = first.measured.layout;
        Ok(Self {
            rows: rows.iter().map(|row| row.target.name.clone()).collect(),
            layout,
            is_align_agreed: rows.iter().all(|row| row.measured.layout.align == layout.align),
        })
    }
}

/// What the table says of a program.
///
/// # Errors
///
/// It is for another system, or for a target that is not in the table.
pub fn expected(table: &Table, identity: &Identity) -> Result<Expected, String> {
    is_of_linux(identity)?;
    let machine = machine(identity).ok_or_else(|| {
        let Identity { machine, class, flags, .. } = identity;
        format!("is of a machine without a row in the golden table: ELF machine {machine}, {class} bits, flags {flags:#x}")
    })?;
    let endian = if identity.big_endian { "big" } else { "little" };
    let rows = table.rows.iter().filter(|row| {
        let t = &row.target;
        machine.archs.contains(&t.arch.as_str())
            && t.pointer_width == identity.class
            && t.endian == endian
            && is_abi(machine.abi, &t.abi)
    });
    let rows: Vec<_> = rows.collect();
    let libc = libc(identity);
    let of_libc: Vec<_> = match libc {
        Some(libc) => {
            let is_of = |row: &&Row| row.target.libc == libc || row.target.libc == "none";
            rows.iter().copied().filter(is_of).collect()
        }
        None => rows.clone(),
    };
    let name = machine.archs[0];
    if rows.is_empty() {
        return Err(format!(
            "is of {name}, {endian}-endian, {} bits{}, which is not in the golden table",
            identity.class,
            machine.said()
        ));
    }
    if of_libc.is_empty() {
        let libc = libc.unwrap_or_default();
        return Err(format!("is of {name} with {libc}, which is not in the golden table"));
    }
    Expected::of(&of_libc)
}

/// The table's words for an architecture, the usual one first, and the ABI where there are several.
struct Machine {
    archs: &'static [&'static str],
    abi: &'static str,
}

impl Machine {
    fn said(&self) -> String {
        if self.abi.is_empty() { String::new() } else { format!(", {}", self.abi) }
    }
}

/// Whether a row's ABI is this one. Floating point is no matter here.
fn is_abi(abi: &str, row: &str) -> bool {
    match abi {
        "" => true,
        "eabi" => row.starts_with("eabi"),
        "o32" => row.is_empty() || row == "o32",
        other => row.contains(other),
    }
}

fn machine(identity: &Identity) -> Option<Machine> {
    let Identity { class, flags, .. } = *identity;
    let one = |archs| Some(Machine { archs, abi: "" });
    match identity.machine {
        elf::EM_X86_64 if class == 64 => one(&["x86_64"]),
        elf::EM_X86_64 => Some(Machine { archs: &["x86_64"], abi: "x32" }),
        elf::EM_386 => one(&["x86"]),
        elf::EM_AARCH64 => one(&["aarch64"]),
        // The old ABI has no number.
        elf::EM_ARM if flags & elf::EF_ARM_EABIMASK == 0 => {
            Some(Machine { archs: &["arm"], abi: "oabi" })
        }
        elf::EM_ARM => Some(Machine { archs: &["arm"], abi: "eabi" }),
        elf::EM_PPC => one(&["powerpc"]),
        elf::EM_PPC64 => one(&["powerpc64"]),
        elf::EM_S390 if class == 64 => one(&["s390x"]),
        elf::EM_S390 => one(&["s390"]),
        elf::EM_MIPS => Some(mips(identity)),
        elf::EM_RISCV if class == 64 => one(&["riscv64"]),
        elf::EM_RISCV => one(&["riscv32"]),
        elf::EM_SPARC | elf::EM_SPARC32PLUS => one(&["sparc"]),
        elf::EM_SPARCV9 => one(&["sparc64"]),
        elf::EM_68K => one(&["m68k"]),
        elf::EM_ALPHA | 41 => one(&["alpha"]),
        elf::EM_PARISC if class == 32 => one(&["hppa", "parisc"]),
        elf::EM_SH => one(&["sh"]),
        elf::EM_ARC_COMPACT | elf::EM_ARC_COMPACT2 => one(&["arc"]),
        elf::EM_LOONGARCH if class == 64 => one(&["loongarch64"]),
        elf::EM_LOONGARCH => one(&["loongarch32"]),
        elf::EM_CSKY => one(&["csky"]),
        elf::EM_HEXAGON => one(&["hexagon"]),
        elf::EM_OPENRISC => one(&["or1k", "openrisc"]),
        elf::EM_XTENSA => one(&["xtensa"]),
        _ => None,
    }
}

/// MIPS's three ABIs; release 6 and those before it have the same layout.
fn mips(identity: &Identity) -> Machine {
    if identity.class == 64 {
        return Machine { archs: &["mips64", "mips64r6"], abi: "abi64" };
    }
    if identity.flags & elf::EF_MIPS_ABI2 != 0 {
        return Machine { archs: &["mips64", "mips64r6"], abi: "n32" };
    }
    Machine { archs: &["mips", "mips32r6"], abi: "o32" }
}

fn is_of_linux(identity: &Identity) -> Result<(), String> {
    let other = match identity.os {
        0 | elf::ELFOSABI_GNU | elf::ELFOSABI_ARM | elf::ELFOSABI_ARM_AEABI => None,
        elf::ELFOSABI_FREEBSD => Some("FreeBSD"),
        elf::ELFOSABI_NETBSD => Some("NetBSD"),
        elf::ELFOSABI_OPENBSD => Some("OpenBSD"),
        elf::ELFOSABI_SOLARIS => Some("Solaris"),
        _ => Some("another system"),
    };
    let is_noted = |word: &str| identity.notes.iter().any(|note| note.contains(word));
    let loader = identity.interpreter.as_deref().unwrap_or_default();
    let other = match other {
        None if is_noted("netbsd") => Some("NetBSD"),
        None if is_noted("openbsd") => Some("OpenBSD"),
        None if loader.starts_with("/libexec/") || loader.starts_with("/usr/libexec/") => {
            Some("a BSD system")
        }
        other => other,
    };
    other.map_or(Ok(()), |other| Err(format!("is a program for {other}, not for Linux")))
}

/// The C library, in the table's words.
fn libc(identity: &Identity) -> Option<&'static str> {
    let loader = identity.interpreter.as_deref().unwrap_or_default();
    let file = loader.rsplit('/').next().unwrap_or_default();
    let is_noted = |word: &str| identity.notes.iter().any(|note| note.contains(word));
    if loader.starts_with("/system/bin/linker") || is_noted("android") {
        return Some("bionic");
    }
    if file.starts_with("ld-musl-") {
        return Some("musl");
    }
    if file.starts_with("ld-uClibc") || file.starts_with("ld64-uClibc") {
        return Some("uclibc");
    }
    if file.starts_with("ld-linux") || matches!(file, "ld64.so.1" | "ld64.so.2" | "ld.so.1") {
        return Some("glibc");
    }
    let needs = |is: fn(&str) -> bool| identity.needed.iter().any(|name| is(name));
    if needs(|name| name.starts_with("libc.so.6")) || is_noted(".ABI-tag") {
        return Some("glibc");
    }
    if needs(|name| name == "libc.so" || name.starts_with("libc.musl-")) {
        return Some("musl");
    }
    if needs(|name| matches!(name, "libc.so.0" | "libc.so.1")) {
        return Some("uclibc");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Identity, elf, expected};
    use crate::Layout;
    use crate::Table;

    fn rows(
        machine: u16,
        class: u32,
        big_endian: bool,
        flags: u32,
        loader: &str,
    ) -> Result<Vec<String>, String> {
        let interpreter = Some(loader.to_owned()).filter(|loader| !loader.is_empty());
        let identity =
            Identity { machine, class, big_endian, flags, interpreter, ..Identity::default() };
        expected(&Table::golden(), &identity).map(|expected| expected.rows)
    }

    #[test]
    fn the_header_and_the_loader_say_the_row() {
        let row = |machine, class, big, flags, loader: &str| {
            rows(machine, class, big, flags, loader).unwrap()[0].clone()
        };
        let glibc = "/lib64/ld-linux-x86-64.so.2";
        assert_eq!(row(elf::EM_X86_64, 64, false, 0, glibc), "x86_64-linux-gnu");
        assert_eq!(
            row(elf::EM_X86_64, 32, false, 0, "/libx32/ld-linux-x32.so.2"),
            "x86_64-linux-gnux32"
        );
        assert_eq!(
            row(elf::EM_X86_64, 64, false, 0, "/lib/ld-musl-x86_64.so.1"),
            "x86_64-linux-musl"
        );
        assert_eq!(row(elf::EM_386, 32, false, 0, "/lib/ld-linux.so.2"), "i686-linux-gnu");
        assert_eq!(row(elf::EM_386, 32, false, 0, "/lib/ld-musl-i386.so.1"), "i686-linux-musl");
        let eabi = elf::EF_ARM_EABI_VER5;
        assert_eq!(row(elf::EM_ARM, 32, true, eabi, "/lib/ld-linux.so.3"), "armeb-linux-gnueabi");
        assert_eq!(row(elf::EM_MIPS, 64, false, 0, "/lib64/ld.so.1"), "mips64el-linux-gnuabi64");
        assert_eq!(row(elf::EM_MIPS, 32, true, 0, "/lib/ld.so.1"), "mips-linux-gnu");
        assert_eq!(row(elf::EM_S390, 64, true, 0, "/lib/ld64.so.1"), "s390x-linux-gnu");
    }

    #[test]
    fn the_abis_of_one_machine_are_told_apart() {
        let eabi = elf::EF_ARM_EABI_VER5;
        for (machine, class, big, flags, loader, expected) in [
            (
                elf::EM_MIPS,
                32,
                false,
                elf::EF_MIPS_ABI2,
                "/lib32/ld.so.1",
                "mips64el-linux-gnuabin32",
            ),
            (
                elf::EM_MIPS,
                32,
                true,
                elf::EF_MIPS_ABI2,
                "/lib/ld-musl-mipsn32.so.1",
                "mips64-linux-muslabin32",
            ),
            (elf::EM_S390, 32, true, 0, "/lib/ld.so.1", "s390-linux-gnu"),
            (elf::EM_AARCH64, 64, true, 0, "/lib/ld-linux-aarch64_be.so.1", "aarch64_be-linux-gnu"),
            (elf::EM_ARM, 32, false, 0, "/lib/ld-linux.so.2", "arm-linux-oabi"),
            // be8: instructions in one byte order, data in the other. The data counts.
            (
                elf::EM_ARM,
                32,
                true,
                eabi | 0x0080_0000,
                "/lib/ld-musl-armeb.so.1",
                "armeb-linux-musleabi",
            ),
            (elf::EM_ARM, 32, false, eabi, "/system/bin/linker", "arm-linux-androideabi"),
            (elf::EM_386, 32, false, 0, "/system/bin/linker", "i686-linux-android"),
            (elf::EM_X86_64, 32, false, 0, "/lib/ld-musl-x32.so.1", "x86_64-linux-muslx32"),
            (elf::EM_SH, 32, true, 0, "/lib/ld-linux.so.2", "sh4eb-linux"),
            (elf::EM_OPENRISC, 32, true, 0, "/lib/ld-musl-or1k.so.1", "or1k-linux"),
            (elf::EM_XTENSA, 32, false, 0, "/lib/ld-uClibc.so.0", "xtensa-linux"),
            (elf::EM_CSKY, 32, false, 0, "/lib/ld-linux-cskyv2-hf.so.1", "csky-linux-gnuabiv2"),
            (
                elf::EM_LOONGARCH,
                32,
                false,
                0,
                "/lib32/ld-linux-loongarch-ilp32d.so.1",
                "loongarch32-linux-gnu",
            ),
            (
                elf::EM_LOONGARCH,
                64,
                false,
                0,
                "/lib/ld-musl-loongarch64.so.1",
                "loongarch64-linux-musl",
            ),
            (elf::EM_RISCV, 32, false, 0, "/lib/ld-linux-riscv32-ilp32d.so.1", "riscv32-linux-gnu"),
            (elf::EM_HEXAGON, 32, false, 0, "/lib/ld-musl-hexagon.so.1", "hexagon-linux-musl"),
            (elf::EM_68K, 32, true, 0, "/lib/ld-musl-m68k.so.1", "m68k-linux-musl"),
        ] {
            assert_eq!(rows(machine, class, big, flags, loader).unwrap(), [expected], "{loader}");
        }
    }

    #[test]
    fn an_unknown_c_library_is_any_of_them() {
        let table = Table::golden();
        let identity = Identity { machine: elf::EM_386, class: 32, ..Identity::default() };
        let expected = expected(&table, &identity).unwrap();
        assert!(expected.rows.len() >= 2, "{expected:?}");
        let Layout { size, data_offset, .. } = expected.layout;
        assert_eq!((size, data_offset, expected.is_align_agreed), (12, 4, false));
    }

    #[test]
    fn what_is_not_in_the_table_is_refused() {
        // AArch64 with 32 bits, BPF, a C library that has no row, MicroBlaze, a machine that is none.
        for (machine, class, loader) in [
            (elf::EM_AARCH64, 32, ""),
            (elf::EM_BPF, 64, ""),
            (elf::EM_X86_64, 64, "/lib/ld64-uClibc.so.0"),
            (elf::EM_MICROBLAZE, 32, ""),
            (0xfff0, 64, ""),
        ] {
            let refused = rows(machine, class, false, 0, loader);
            assert!(refused.is_err(), "{machine} {class} {loader}: {refused:?}");
        }
        let identity = Identity {
            machine: elf::EM_X86_64,
            class: 64,
            os: elf::ELFOSABI_FREEBSD,
            ..Identity::default()
        };
        assert!(expected(&Table::golden(), &identity).unwrap_err().contains("FreeBSD"));
    }

    /// Every row can be found from some header.
    #[test]
    fn every_row_has_a_machine() {
        let table = Table::golden();
        let machines = (0..0x120).chain([elf::EM_ALPHA]);
        let mut found = std::collections::BTreeSet::new();
        for machine in machines {
            for (class, big) in [(32, false), (32, true), (64, false), (64, true)] {
                for flags in [0, elf::EF_ARM_EABI_VER5, elf::EF_MIPS_ABI2] {
                    let identity =
                        Identity { machine, class, big_endian: big, flags, ..Identity::default() };
                    found.extend(expected(&table, &identity).iter().flat_map(|e| e.rows.clone()));
                }
            }
        }
        for row in table.rows {
            assert!(found.contains(&row.target.name), "{}", row.target.name);
        }
    }
}
