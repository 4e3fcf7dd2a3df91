//! The golden table inside the command, read without a TOML library: that and what serde makes for it are 150 KB of
//! code. The build script's reader has the lines (`build/golden.rs`), and this makes rows of them.
//!
//! A test holds it against the strict reader, [`Table::parse`]: the text is the project's own and never another.

use crate::layout::Layout;
use crate::table::{Measured, Row, Table, Target};

#[allow(
    dead_code,
    missing_docs,
    clippy::pedantic,
    reason = "the build script's; read with its reader"
)]
#[path = "../../../build/golden.rs"]
pub mod lines;

impl Table {
    /// The table of `docs/layouts.toml`, as embedded when this crate was built.
    #[must_use]
    pub fn golden() -> Self {
        let rows = lines::rows(include_str!("../../../docs/layouts.toml"));
        Self { rows: rows.into_iter().map(row).collect() }
    }
}

fn row(read: lines::Row) -> Row {
    Row::new(target(&read), measured(read))
}

fn target(read: &lines::Row) -> Target {
    let os = text(read, "os");
    Target {
        name: text(read, "name"),
        libc: text(read, "libc"),
        arch: text(read, "arch"),
        os: if os.is_empty() { "linux".to_owned() } else { os },
        env: text(read, "env"),
        abi: text(read, "abi"),
        endian: text(read, "endian"),
        pointer_width: number(read, "pointer_width"),
        rust: list(read, "rust"),
        rust_u64_align: read
            .fields
            .contains_key("rust_u64_align")
            .then(|| number(read, "rust_u64_align")),
        packages: text(read, "packages"),
        musl: text(read, "musl"),
        reads: text(read, "reads"),
        headers: text(read, "headers"),
        compiler: text(read, "compiler"),
        clang: text(read, "clang"),
        clang_exception: text(read, "clang_exception"),
        zig: text(read, "zig"),
        zig_front_end: text(read, "zig_front_end"),
        zig_headers: text(read, "zig_headers"),
        zig_exception: text(read, "zig_exception"),
        breaking_flags: list(read, "breaking_flags"),
        qemu: text(read, "qemu"),
        qemu_exception: text(read, "qemu_exception"),
    }
}

fn measured(read: lines::Row) -> Measured {
    let layout = Layout {
        size: number(&read, "size"),
        align: number(&read, "align"),
        events_offset: number(&read, "events_offset"),
        data_offset: number(&read, "data_offset"),
        data_size: number(&read, "data_size"),
        data_align: number(&read, "data_align"),
        packed: text(&read, "packed") == "true",
    };
    Measured {
        libc_version: text(&read, "libc_version"),
        linux_headers: text(&read, "linux_headers"),
        witnesses: list(&read, "witnesses"),
        with_flags: list(&read, "with_flags"),
        layout,
        kernel_size: number(&read, "kernel_size"),
        kernel_align: number(&read, "kernel_align"),
        kernel_events_offset: number(&read, "kernel_events_offset"),
        kernel_data_offset: number(&read, "kernel_data_offset"),
        constants: read.constants,
        kernel_constants: read.kernel_constants,
    }
}

/// A string, empty where the row has none.
fn text(read: &lines::Row, key: &str) -> String {
    read.fields.get(key).map(|value| unescaped(value)).unwrap_or_default()
}

fn number(read: &lines::Row, key: &str) -> u32 {
    lines::number(read.fields.get(key).map_or("", String::as_str))
}

/// `["one", "two"]`, empty where the row has none.
fn list(read: &lines::Row, key: &str) -> Vec<String> {
    let value =
        read.fields.get(key).and_then(|value| value.strip_prefix("[\"")?.strip_suffix("\"]"));
    value.map(|value| value.split("\", \"").map(unescaped).collect()).unwrap_or_default()
}

/// The writer escapes quotes, and nothing else that it writes would have to be.
fn unescaped(value: &str) -> String {
    value.replace("\\\"", "\"")
}
