//! The golden table: one row for each ABI and C library, read from `docs/layouts.toml`.
//!
//! A row is a [`Target`], which `crates/layouts/targets.toml` describes by hand, and what was [`Measured`]
//! for it. The file keeps one number per fact: a constant with the value it has on most targets
//! stands in a list at the top, and a row names only what is otherwise there. In memory every
//! row is complete.
//!
//! The form is kept simple on purpose (`key = value`, no nesting): the root package's build script
//! and the command (`embedded.rs`) read it line by line, without a TOML library.

use crate::layout::Layout;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Constants of one header by name.
pub type Constants = BTreeMap<String, u32>;

/// An ABI with a C library, and how to measure, read and run it. `targets.toml` says what each
/// field means.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[allow(missing_docs, reason = "targets.toml describes the fields")]
pub struct Target {
    pub name: String,
    pub libc: String,
    pub arch: String,
    #[serde(default = "linux")]
    pub os: String,
    pub env: String,
    #[serde(default)]
    pub abi: String,
    pub endian: String,
    pub pointer_width: u32,
    pub rust: Vec<String>,
    #[serde(default)]
    pub rust_u64_align: Option<u32>,
    pub packages: String,
    #[serde(default)]
    pub musl: String,
    #[serde(default)]
    pub reads: String,
    #[serde(default)]
    pub headers: String,
    pub compiler: String,
    pub clang: String,
    #[serde(default)]
    pub clang_exception: String,
    pub zig: String,
    #[serde(default)]
    pub zig_front_end: String,
    #[serde(default)]
    pub zig_headers: String,
    #[serde(default)]
    pub zig_exception: String,
    #[serde(default)]
    pub breaking_flags: Vec<String>,
    pub qemu: String,
    #[serde(default)]
    pub qemu_exception: String,
}

fn linux() -> String {
    "linux".to_owned()
}

impl Target {
    /// Whether only the kernel's header is read.
    #[must_use]
    pub fn is_kernel_only(&self) -> bool {
        self.reads == "kernel"
    }

    /// The C library and its version, for people.
    #[must_use]
    pub fn libc_said(&self, version: &str) -> String {
        match (self.libc.as_str(), self.is_kernel_only()) {
            ("none", _) => "the kernel's header".to_owned(),
            (libc, true) => format!("{libc}, by the kernel's header"),
            (libc, false) => format!("{libc} {version}"),
        }
    }

    /// Whether zig can be asked.
    #[must_use]
    pub fn has_zig(&self) -> bool {
        !self.zig.is_empty() || !self.zig_front_end.is_empty()
    }
}

/// What a target's headers say, as its C compiler reads them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Measured {
    /// Version of the C library whose `<sys/epoll.h>` was read; empty where only the kernel's was.
    pub libc_version: String,
    /// Version of the kernel whose `<linux/eventpoll.h>` was read.
    pub linux_headers: String,
    /// Who was asked and said so, the first one first.
    #[serde(default)]
    pub witnesses: Vec<String>,
    /// What the flags that change the layout make of it.
    #[serde(default)]
    pub with_flags: Vec<String>,
    /// The structure of `<sys/epoll.h>`.
    #[serde(flatten)]
    pub layout: Layout,
    /// Size of the kernel's structure; its fields are `__poll_t` and `__u64`.
    pub kernel_size: u32,
    /// Alignment of the kernel's structure.
    pub kernel_align: u32,
    /// Offset of the events in the kernel's structure.
    pub kernel_events_offset: u32,
    /// Offset of the data in the kernel's structure.
    pub kernel_data_offset: u32,
    /// Every `EPOLL*` constant of `<sys/epoll.h>`.
    #[serde(default)]
    pub constants: Constants,
    /// Every `EPOLL*` constant of `<linux/eventpoll.h>`.
    #[serde(default)]
    pub kernel_constants: Constants,
}

impl Measured {
    /// Every number by the name of its field: constants by their own name, the kernel's constants
    /// with `kernel_` before it.
    #[must_use]
    pub fn numbers(&self) -> BTreeMap<String, u32> {
        let kernel_fields = [
            ("kernel_size", self.kernel_size),
            ("kernel_align", self.kernel_align),
            ("kernel_events_offset", self.kernel_events_offset),
            ("kernel_data_offset", self.kernel_data_offset),
        ];
        let fields = self.layout.fields().into_iter().chain(kernel_fields);
        let fields = fields.map(|(name, value)| (name.to_owned(), value));
        let constants = self.constants.clone().into_iter();
        let kernel = self.kernel_constants.iter().map(|(name, &v)| (format!("kernel_{name}"), v));
        fields.chain(constants).chain(kernel).collect()
    }
}

/// A target and what its headers say.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Row {
    /// The ABI and C library.
    #[serde(flatten)]
    pub target: Target,
    /// Its numbers.
    #[serde(flatten)]
    pub measured: Measured,
    /// Constants that most headers have and this one has not. Only used in the file.
    #[serde(default)]
    without: Vec<String>,
    /// The same for the kernel's header.
    #[serde(default)]
    kernel_without: Vec<String>,
}

impl Row {
    /// A row of a target that was just measured.
    #[must_use]
    pub fn new(target: Target, measured: Measured) -> Self {
        Self { target, measured, without: Vec::new(), kernel_without: Vec::new() }
    }
}

/// All rows, in the order of `targets.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// One for each ABI and C library.
    pub rows: Vec<Row>,
}

#[cfg(feature = "check")]
#[derive(Deserialize)]
struct TargetsFile {
    target: Vec<Target>,
}

#[cfg(feature = "check")]
#[derive(Deserialize)]
struct TableFile {
    constants: Constants,
    kernel_constants: Constants,
    target: Vec<Row>,
}

/// The targets of `crates/layouts/targets.toml`, as embedded when this crate was built.
#[cfg(feature = "check")]
#[must_use]
pub fn targets() -> Vec<Target> {
    let file: TargetsFile =
        toml::from_str(include_str!("../targets.toml")).expect("targets.toml is well-formed");
    file.target
}

impl Table {
    /// Reads the text of a table.
    ///
    /// # Errors
    ///
    /// What is wrong with the text, and where.
    #[cfg(feature = "check")]
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: TableFile = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut rows = file.target;
        for row in &mut rows {
            complete(&mut row.measured.constants, &file.constants, &mut row.without);
            let kernel = &mut row.measured.kernel_constants;
            complete(kernel, &file.kernel_constants, &mut row.kernel_without);
        }
        Ok(Self { rows })
    }

    /// The row with this name, or of this Rust target.
    #[must_use]
    pub fn row(&self, name: &str) -> Option<&Row> {
        let is_named = |row: &&Row| row.target.name == name;
        let has_rust = |row: &&Row| row.target.rust.iter().any(|rust| rust == name);
        self.rows.iter().find(is_named).or_else(|| self.rows.iter().find(has_rust))
    }
}

#[cfg(feature = "check")]
fn complete(constants: &mut Constants, usual: &Constants, without: &mut Vec<String>) {
    for (name, &value) in usual {
        if !without.contains(name) {
            constants.entry(name.clone()).or_insert(value);
        }
    }
    without.clear();
}

/// Event bits, then creation flags, then operations.
#[must_use]
pub fn group(name: &str) -> u8 {
    match name {
        "EPOLL_CLOEXEC" | "EPOLL_NONBLOCK" => 1,
        _ if name.starts_with("EPOLL_CTL_") => 2,
        _ => 0,
    }
}
