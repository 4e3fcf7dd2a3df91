//! What Debian calls the machines of the golden table: its architectures, and the folders in which it keeps their
//! headers and libraries (multiarch).
//!
//! Such a folder has the name of the row, except on x86. The table is not read here: the command asks for a
//! folder at each start of a program.

use epshim_layouts::Row;

/// Its architectures, each with the name of its row.
pub const ARCHITECTURES: &[(&str, &str)] = &[
    ("alpha", "alpha-linux-gnu"),
    ("amd64", "x86_64-linux-gnu"),
    ("arc", "arc-linux-gnu"),
    ("arm64", "aarch64-linux-gnu"),
    ("armeb", "armeb-linux-gnueabi"),
    ("armel", "arm-linux-gnueabi"),
    ("armhf", "arm-linux-gnueabihf"),
    ("hppa", "hppa-linux-gnu"),
    ("i386", "i686-linux-gnu"),
    ("loong64", "loongarch64-linux-gnu"),
    ("m68k", "m68k-linux-gnu"),
    ("mips", "mips-linux-gnu"),
    ("mips64", "mips64-linux-gnuabi64"),
    ("mips64el", "mips64el-linux-gnuabi64"),
    ("mips64r6", "mipsisa64r6-linux-gnuabi64"),
    ("mips64r6el", "mipsisa64r6el-linux-gnuabi64"),
    ("mipsel", "mipsel-linux-gnu"),
    ("mipsn32", "mips64-linux-gnuabin32"),
    ("mipsn32el", "mips64el-linux-gnuabin32"),
    ("mipsr6", "mipsisa32r6-linux-gnu"),
    ("mipsr6el", "mipsisa32r6el-linux-gnu"),
    ("powerpc", "powerpc-linux-gnu"),
    ("ppc64", "powerpc64-linux-gnu"),
    ("ppc64el", "powerpc64le-linux-gnu"),
    ("riscv64", "riscv64-linux-gnu"),
    ("s390", "s390-linux-gnu"),
    ("s390x", "s390x-linux-gnu"),
    ("sh4", "sh4-linux-gnu"),
    ("sh4eb", "sh4eb-linux"),
    ("sparc", "sparc-linux-gnu"),
    ("sparc64", "sparc64-linux-gnu"),
    ("x32", "x86_64-linux-gnux32"),
];

/// The architecture of a row of glibc.
pub fn architecture(row: &Row) -> Option<&'static str> {
    ARCHITECTURES.iter().find(|(_, name)| *name == row.target.name).map(|&(debian, _)| debian)
}

/// The folder of a row with this name.
pub fn folder(row: &str) -> String {
    row.replacen("i686", "i386", 1)
}

/// The folders for the libraries of a Rust target's machine: its own C library's, and the other's.
pub fn folders(target: &str) -> [String; 2] {
    let parts: Vec<_> = target.split('-').collect();
    let (arch, environment) = (parts[0], parts[parts.len() - 1]);
    let arch = match arch {
        "i586" => "i686",
        _ if arch.starts_with("riscv64") => "riscv64",
        _ if arch.starts_with("riscv32") => "riscv32",
        _ if arch.starts_with("armv") || arch.starts_with("thumbv") => "arm",
        _ => arch,
    };
    let other = match environment.strip_prefix("musl") {
        Some(abi) => format!("gnu{abi}"),
        None => environment.replacen("gnu", "musl", 1),
    };
    [environment, &other].map(|environment| folder(&format!("{arch}-linux-{environment}")))
}

#[cfg(test)]
mod tests {
    use super::{folder, folders};
    use epshim_layouts::Table;

    #[test]
    fn debian_s_folder_has_debian_s_name() {
        for (target, expected) in [
            ("x86_64-unknown-linux-gnu", ["x86_64-linux-gnu", "x86_64-linux-musl"]),
            ("i686-unknown-linux-gnu", ["i386-linux-gnu", "i386-linux-musl"]),
            ("armv7-unknown-linux-gnueabihf", ["arm-linux-gnueabihf", "arm-linux-musleabihf"]),
            ("riscv64gc-unknown-linux-musl", ["riscv64-linux-musl", "riscv64-linux-gnu"]),
        ] {
            assert_eq!(folders(target), expected);
        }
    }

    /// Where Rust's name of the C library is the table's too.
    #[test]
    fn the_folder_of_a_rust_target_is_that_of_its_row() {
        let mut count = 0;
        for row in Table::golden().rows {
            let last = |name: &str| name.rsplit('-').next().map(str::to_owned);
            let is_debian_s = |rust: &&String| {
                ["glibc", "musl"].contains(&&*row.target.libc)
                    && last(rust) == last(&row.target.name)
            };
            for rust in row.target.rust.iter().filter(is_debian_s) {
                assert_eq!(folders(rust)[0], folder(&row.target.name), "{rust}");
                count += 1;
            }
        }
        assert!(count >= 40, "{count}");
    }
}
