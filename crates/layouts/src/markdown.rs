//! The table for people: `docs/layouts.md`.

use crate::table::{Constants, Row, Table, group};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

const INTRODUCTION: &str = "\
# `struct epoll_event` on every Linux ABI

<!-- Written by `cargo run -p epshim-layouts -- bless` from docs/layouts.toml. Do not edit. -->

The structure that `epoll_ctl(2)` takes and `epoll_wait(2)` fills has different layouts on different
targets. The kernel packs it on x86-64 only, so that 32-bit and 64-bit programs share one layout there
(`EPOLL_PACKED` in `include/uapi/linux/eventpoll.h`); glibc packs it on 32-bit x86 too; musl and bionic do not.
The other differences come from how a target aligns a 64-bit integer. A binding that is packed
everywhere, or nowhere, is wrong somewhere: the kernel then writes past the end of its array, or the
program reads the data of the wrong event.

All numbers are in bytes, measured with the C compiler of each target from its own `<sys/epoll.h>` and
`<linux/eventpoll.h>`. `events` is at offset 0, `epoll_data_t` is 8 bytes and its members all start
at its first byte: on big-endian targets `data.fd` and `data.u32` are the high half of `data.u64`.

To measure again: `sh crates/layouts/install.sh`, then `cargo run -p epshim-layouts -- check`.

";

const CONSTANTS: &str = "
## Constants

The values are the same on every target, but for the exceptions beside them.

";

const EXCEPTIONS: &str = "
## Where bindgen's answer does not count

bindgen (libclang 14) is asked about the same headers and agrees with the C compiler, but here:

";

const NOT_RUN: &str = "
## Measured, but not run

A C program registers, waits and gets all 64 bits of its data back under qemu-user
(`cargo run -p epshim-layouts -- run`) on all targets but these:

";

/// The whole text.
#[must_use]
pub fn render(table: &Table) -> String {
    let mut text = INTRODUCTION.to_owned();
    layouts(&mut text, table);
    rows(&mut text, table);
    text.push_str(CONSTANTS);
    constants(&mut text, table);
    text.push_str(EXCEPTIONS);
    reasons(&mut text, table, |row| &row.target.clang_exception);
    text.push_str(NOT_RUN);
    reasons(&mut text, table, |row| &row.target.qemu_exception);
    text
}

/// The few layouts that there are, each with its targets.
fn layouts(text: &mut String, table: &Table) {
    let mut layouts: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for row in &table.rows {
        let m = &row.measured;
        layouts.entry((m.size, m.align, m.data_offset)).or_default().push(&row.target.name);
    }
    line(text, "## The layouts");
    line(text, "");
    line(text, "| size | alignment | `data` at | targets |");
    line(text, "|---:|---:|---:|---|");
    for ((size, align, data), targets) in layouts {
        line(text, &format!("| {size} | {align} | {data} | {} |", targets.join(", ")));
    }
    line(text, "");
}

fn rows(text: &mut String, table: &Table) {
    line(text, "## Every target");
    line(text, "");
    line(
        text,
        "| target | C library | size | alignment | `data` at | `data` aligned to | packed | kernel: size, \
         alignment, `data` at | Linux headers | Rust targets |",
    );
    line(text, "|---|---|---:|---:|---:|---:|---|---|---|---|");
    for Row { target: t, measured: m, .. } in &table.rows {
        let packed = if m.packed { "yes" } else { "no" };
        let kernel = format!("{}, {}, {}", m.kernel_size, m.kernel_align, m.kernel_data_offset);
        let rust = if t.rust.is_empty() { "none".to_owned() } else { t.rust.join(", ") };
        line(
            text,
            &format!(
                "| {} | {} {} | {} | {} | {} | {} | {packed} | {kernel} | {} | {rust} |",
                t.name,
                t.libc,
                m.libc_version,
                m.size,
                m.align,
                m.data_offset,
                m.data_align,
                m.linux_headers
            ),
        );
    }
}

/// One line for each name: the usual value of both headers, then who has it otherwise.
fn constants(text: &mut String, table: &Table) {
    line(text, "| constant | `<sys/epoll.h>` | `<linux/eventpoll.h>` |");
    line(text, "|---|---|---|");
    let all = |row: &'_ Row| {
        let m = &row.measured;
        m.constants
            .iter()
            .chain(&m.kernel_constants)
            .map(|(n, &v)| (n.clone(), v))
            .collect::<Vec<_>>()
    };
    let mut names: BTreeMap<String, u32> = BTreeMap::new();
    for (name, value) in table.rows.iter().flat_map(all) {
        names.entry(name).or_insert(value);
    }
    let mut names: Vec<_> = names.into_iter().collect();
    names.sort_by_key(|(name, value)| (group(name), *value));
    for (name, _) in names {
        let libc = values(table, &name, |row| &row.measured.constants);
        let kernel = values(table, &name, |row| &row.measured.kernel_constants);
        line(text, &format!("| `{name}` | {libc} | {kernel} |"));
    }
}

fn values(table: &Table, name: &str, header: impl Fn(&Row) -> &Constants) -> String {
    let mut by_value: BTreeMap<Option<u32>, Vec<&Row>> = BTreeMap::new();
    for row in &table.rows {
        by_value.entry(header(row).get(name).copied()).or_default().push(row);
    }
    let mut by_value: Vec<_> = by_value.into_iter().collect();
    by_value.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.len()));
    let mut parts = Vec::new();
    for (index, (value, rows)) in by_value.iter().enumerate() {
        let value = value.map_or("not there".to_owned(), |value| format!("{value:#x}"));
        parts.push(if index == 0 { value } else { format!("{value} on {}", who(table, rows)) });
    }
    parts.join("; ")
}

/// Names of targets, or the name of the C library where it is all of its targets.
fn who(table: &Table, rows: &[&Row]) -> String {
    let libraries: BTreeSet<_> = rows.iter().map(|row| row.target.libc.as_str()).collect();
    if let [library] = libraries.iter().copied().collect::<Vec<_>>()[..] {
        let of_library = table.rows.iter().filter(|row| row.target.libc == library).count();
        if of_library == rows.len() {
            return library.to_owned();
        }
    }
    rows.iter().map(|row| row.target.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn reasons(text: &mut String, table: &Table, reason: impl Fn(&Row) -> &String) {
    for row in table.rows.iter().filter(|row| !reason(row).is_empty()) {
        line(text, &format!("- {}: {}", row.target.name, reason(row)));
    }
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a string takes any text");
}
