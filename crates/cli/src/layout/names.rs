//! A target by any of the names it goes by: the golden table's own, Rust's, Debian's, or a GNU
//! triple with a vendor in it.

use epshim_layouts::{Row, Table};

/// Debian's architectures and multiarch names where they differ from the table's names.
const DEBIAN: &[(&str, &str)] = &[
    ("alpha", "alpha-linux-gnu"),
    ("amd64", "x86_64-linux-gnu"),
    ("arc", "arc-linux-gnu"),
    ("arm64", "aarch64-linux-gnu"),
    ("armel", "arm-linux-gnueabi"),
    ("armhf", "arm-linux-gnueabihf"),
    ("hppa", "hppa-linux-gnu"),
    ("i386", "i686-linux-gnu"),
    ("m68k", "m68k-linux-gnu"),
    ("mips", "mips-linux-gnu"),
    ("mips64", "mips64-linux-gnuabi64"),
    ("mips64el", "mips64el-linux-gnuabi64"),
    ("mips64r6", "mipsisa64r6-linux-gnuabi64"),
    ("mips64r6el", "mipsisa64r6el-linux-gnuabi64"),
    ("mipsel", "mipsel-linux-gnu"),
    ("mipsr6", "mipsisa32r6-linux-gnu"),
    ("mipsr6el", "mipsisa32r6el-linux-gnu"),
    ("powerpc", "powerpc-linux-gnu"),
    ("ppc64", "powerpc64-linux-gnu"),
    ("ppc64el", "powerpc64le-linux-gnu"),
    ("riscv64", "riscv64-linux-gnu"),
    ("s390x", "s390x-linux-gnu"),
    ("sh4", "sh4-linux-gnu"),
    ("sparc", "sparc-linux-gnu"),
    ("sparc64", "sparc64-linux-gnu"),
    ("x32", "x86_64-linux-gnux32"),
];

/// The Rust target that this command was built for.
pub const HOST: &str = env!("EPSHIM_TARGET");

/// The row of this machine.
pub fn host(table: &Table) -> Result<&Row, String> {
    find(table, HOST).map_err(|_| {
        format!("this command was built for {HOST}, which is not in the golden table; name a target with --target")
    })
}

/// Debian's name of the architecture, for a row of glibc.
pub fn debian(row: &Row) -> Option<&'static str> {
    DEBIAN.iter().find(|(_, name)| *name == row.target.name).map(|&(debian, _)| debian)
}

/// The row with this name.
pub fn find<'a>(table: &'a Table, name: &str) -> Result<&'a Row, String> {
    let exact = table.row(name);
    let debian = || DEBIAN.iter().find(|(debian, _)| *debian == name);
    exact
        .or_else(|| table.row(debian()?.1))
        .or_else(|| table.row(&canonical(name)))
        .ok_or_else(|| unknown(table, name))
}

/// A triple without its vendor, and with the table's word for the architecture:
/// `i386-pc-linux-gnu` is `i686-linux-gnu`.
fn canonical(name: &str) -> String {
    let parts: Vec<_> = name.split('-').collect();
    let (arch, rest) = match parts[..] {
        [arch, _vendor, "linux", env] => (arch, ["linux", env].join("-")),
        [arch, ref rest @ ..] => (arch, rest.join("-")),
        [] => return String::new(),
    };
    let arch = match arch {
        "i386" | "i486" | "i586" => "i686",
        "amd64" => "x86_64",
        "arm64" => "aarch64",
        "ppc64le" => "powerpc64le",
        "ppc64" => "powerpc64",
        "parisc" => "hppa",
        _ if arch.starts_with("armv") => "arm",
        _ if arch.starts_with("riscv64") => "riscv64",
        _ => arch,
    };
    format!("{arch}-{rest}")
}

fn unknown(table: &Table, name: &str) -> String {
    let own = table.rows.iter().map(|row| row.target.name.as_str());
    let rust = table.rows.iter().flat_map(|row| row.target.rust.iter().map(String::as_str));
    let debian = DEBIAN.iter().map(|&(debian, _)| debian);
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
