//! The golden table as the build script needs it: the row of one target, and what bindgen read.
//!
//! It reads `docs/layouts.toml` line by line, because the shim has no TOML library; the crate
//! `epshim-layouts`, which writes the file, includes this module and tests it against its own reader.
//!
//! The surprising thing: bindgen can be fooled. Fed the headers of another target it reports that
//! target's structure without a word, so its answer counts only when the table says the same.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::{env, fs};

/// Rust's cfg values of a target.
pub struct Cfg {
    pub os: String,
    pub arch: String,
    pub env: String,
    pub abi: String,
    pub endian: String,
    pub pointer_width: String,
}

impl Cfg {
    /// Those of the target being built, in a build script.
    pub fn of_this_build() -> Self {
        let cfg = |name: &str| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
        Self {
            os: cfg("OS"),
            arch: cfg("ARCH"),
            env: cfg("ENV"),
            abi: cfg("ABI"),
            endian: cfg("ENDIAN"),
            pointer_width: cfg("POINTER_WIDTH"),
        }
    }
}

/// The row of the target being built, in a build script.
pub fn row_of_this_build() -> Option<Row> {
    println!("cargo::rerun-if-changed=docs/layouts.toml");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let table = fs::read_to_string(root.join("docs/layouts.toml")).expect("part of the package");
    let row = row(&table, &Cfg::of_this_build());
    if row.is_none() {
        println!(
            "cargo::warning=docs/layouts.toml has no row for {}: without it the layout is proved against \
             the libc crate and the target's header alone",
            env::var("TARGET").unwrap_or_default()
        );
    }
    row
}

/// One `[[target]]` of the table, completed with the usual constants.
#[derive(Default)]
pub struct Row {
    /// Every `key = value` as written, without quotes.
    pub fields: BTreeMap<String, String>,
    pub constants: BTreeMap<String, u32>,
    pub kernel_constants: BTreeMap<String, u32>,
}

/// All rows. A line that is neither a heading nor `key = value` is skipped.
pub fn rows(table: &str) -> Vec<Row> {
    let mut usual = Row::default();
    let mut rows: Vec<Row> = Vec::new();
    let mut heading = "";
    for line in table.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            heading = name;
            if heading == "[target]" {
                rows.push(Row::default());
            }
        } else if let Some((key, value)) = line.split_once(" = ") {
            let row = rows.last_mut().unwrap_or(&mut usual);
            let (key, value) = (key.to_owned(), value.trim_matches('"'));
            if heading.ends_with("kernel_constants") {
                row.kernel_constants.insert(key, number(value));
            } else if heading.ends_with("constants") {
                row.constants.insert(key, number(value));
            } else if !key.starts_with('#') {
                row.fields.insert(key, value.to_owned());
            }
        }
    }
    for row in &mut rows {
        complete(&mut row.constants, &usual.constants, row.fields.get("without"));
        let without = row.fields.get("kernel_without");
        complete(&mut row.kernel_constants, &usual.kernel_constants, without);
    }
    rows
}

pub fn number(value: &str) -> u32 {
    let parsed = match value.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => value.parse(),
    };
    parsed.unwrap_or_else(|error| panic!("docs/layouts.toml: {value}: {error}"))
}

/// `without` is a list of quoted names.
fn complete(
    constants: &mut BTreeMap<String, u32>,
    usual: &BTreeMap<String, u32>,
    without: Option<&String>,
) {
    for (name, &value) in usual {
        if !without.is_some_and(|list| list.contains(&format!("\"{name}\""))) {
            constants.entry(name.clone()).or_insert(value);
        }
    }
}

/// The row of a target, if the table has it.
pub fn row(table: &str, cfg: &Cfg) -> Option<Row> {
    rows(table).into_iter().find(|row| {
        let is = |key: &str, value: &str| row.fields.get(key).is_some_and(|field| field == value);
        // Only some rows are of one abi alone, and older compilers do not say theirs.
        let abi = !row.fields.contains_key("abi") || cfg.abi.is_empty() || is("abi", &cfg.abi);
        let os = row.fields.get("os").map_or("linux", String::as_str);
        cfg.os == os
            && is("arch", &cfg.arch)
            && is("env", &cfg.env)
            && is("endian", &cfg.endian)
            && is("pointer_width", &cfg.pointer_width)
            && abi
    })
}

impl Row {
    /// The name of the ABI and C library.
    pub fn name(&self) -> &str {
        self.fields.get("name").map_or("", String::as_str)
    }

    fn expected(&self, field: &str) -> Option<u32> {
        if let Some(&value) = self.constants.get(field) {
            return Some(value);
        }
        self.fields.get(field).map(|value| number(value))
    }

    /// Hands the row to `src/proof.rs`: `OUT_DIR/golden.rs`, and `cfg(in_golden_table)`.
    pub fn write_for_the_proof(&self) {
        let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
        fs::write(out.join("golden.rs"), self.to_rust()).expect("OUT_DIR is writable");
        println!("cargo::rustc-cfg=in_golden_table");
        println!("cargo::rustc-env=EPSHIM_GOLDEN_ROW={}", self.name());
    }

    /// The row as Rust constants.
    fn to_rust(&self) -> String {
        let field = |name: &str| &self.fields[name];
        let mut text = format!(
            "pub const LAYOUT: Layout = Layout {{ size: {}, align: {}, events_offset: {}, \
             data_offset: {}, data_size: {}, data_align: {}, packed: {} }};\n",
            field("size"),
            field("align"),
            field("events_offset"),
            field("data_offset"),
            field("data_size"),
            field("data_align"),
            u32::from(field("packed") == "true")
        );
        let kernel_only = self.kernel_constants.iter();
        let kernel_only = kernel_only.filter(|(name, _)| !self.constants.contains_key(*name));
        for (name, value) in self.constants.iter().chain(kernel_only) {
            text.push_str(&format!("pub const {name}: u32 = {value:#x};\n"));
        }
        text
    }

    /// A sentence for the person who builds, if the header that bindgen read is not this target's.
    pub fn refusal(&self, bindings: &str, extra_arguments: &str) -> Option<String> {
        let read = numbers(bindings);
        let differ = |&(field, found): &(&String, &u32)| {
            self.expected(field).is_some_and(|expected| expected != *found)
        };
        let wrong: Vec<_> = read.iter().filter(differ).collect();
        let (field, found) = wrong.first()?;
        let expected = self.expected(field)?;
        let more = match wrong.len() {
            1 => String::new(),
            count => format!(" (and {} more differ)", count - 1),
        };
        let why = match self.fields.get("clang_exception") {
            Some(reason) => format!("On this target that is known: {reason}."),
            None => format!(
                "Most likely bindgen was given the headers of another target or C library: check the \
                 sysroot and BINDGEN_EXTRA_CLANG_ARGS ({}).",
                if extra_arguments.is_empty() { "not set now" } else { extra_arguments }
            ),
        };
        Some(format!(
            "the <sys/epoll.h> that bindgen reads for {} has {field} = {found}, but on that target it \
             is {expected} (docs/layouts.toml){more}. {why} Building with --no-default-features \
             --features std leaves the header out.",
            self.name()
        ))
    }
}

/// The numbers in bindgen's output, by the names they have in the table: those of its layout tests,
/// and the constants.
pub fn numbers(bindings: &str) -> BTreeMap<String, u32> {
    let text: String = bindings.chars().filter(|c| !c.is_whitespace()).collect();
    let mut found = BTreeMap::new();
    let tests = [
        ("size", "[\"Sizeofepoll_event\"]"),
        ("align", "[\"Alignmentofepoll_event\"]"),
        ("events_offset", "[\"Offsetoffield:epoll_event::events\"]"),
        ("data_offset", "[\"Offsetoffield:epoll_event::data\"]"),
        ("data_size", "[\"Sizeofepoll_data\"]"),
        ("data_align", "[\"Alignmentofepoll_data\"]"),
    ];
    for (field, test) in tests {
        // ["Size of epoll_event"][size_of::<epoll_event>() - 12usize];
        let value = text.split_once(test).and_then(|(_, rest)| rest.split_once("usize]"));
        let value = value.and_then(|(test, _)| test.rsplit_once('-')?.1.parse().ok());
        found.extend(value.map(|value| (field.to_owned(), value)));
    }
    for item in text.split("pubconst").skip(1) {
        // pub const EPOLLIN: EPOLL_EVENTS = 1;
        let Some((name, rest)) = item.split_once(':') else { continue };
        let value = rest.split_once('=').and_then(|(_, rest)| rest.split_once(';'));
        let value = value.and_then(|(value, _)| value.parse::<i64>().ok());
        if let Some(value) = value.filter(|_| name.starts_with("EPOLL")) {
            // Bit 31 is negative where the enumeration is signed.
            found.insert(name.to_owned(), value as u32);
        }
    }
    found
}
