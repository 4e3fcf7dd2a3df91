//! Writes `docs/layouts.toml`, line by line: no TOML library keeps its comments and hexadecimal numbers.

use crate::table::{Constants, Row, Table, group};
use std::collections::BTreeMap;
use std::fmt::Write;

const HEAD: &str = "\
# struct epoll_event and its constants on every Linux ABI, as measured with the C compiler of each.
# Written by `cargo run -p epshim-layouts -- bless`, checked by `... -- check`; docs/layouts.md is the same
# for people, and crates/layouts/targets.toml says what the first keys of a target mean.
#
# [constants] holds for <sys/epoll.h> of each target and [kernel_constants] for <linux/eventpoll.h>, but
# where the target has a table of that name with another value, or lists the name in `without`.
";

impl Table {
    /// The text of the table.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let rows = &self.rows;
        let usual = usual_of(rows.iter().map(|row| &row.measured.constants));
        let kernel_usual = usual_of(rows.iter().map(|row| &row.measured.kernel_constants));
        let mut text = HEAD.to_owned();
        write_constants(&mut text, "constants", &usual);
        write_constants(&mut text, "kernel_constants", &kernel_usual);
        for row in rows {
            write_row(&mut text, row, &usual, &kernel_usual);
        }
        text
    }
}

/// The constants that more than half of the headers have with one value.
fn usual_of<'a>(headers: impl ExactSizeIterator<Item = &'a Constants>) -> Constants {
    let half = headers.len() / 2;
    let mut seen: BTreeMap<(&String, u32), usize> = BTreeMap::new();
    for (name, &value) in headers.flatten() {
        *seen.entry((name, value)).or_default() += 1;
    }
    let frequent = seen.into_iter().filter(|&(_, count)| count > half);
    frequent.map(|((name, value), _)| (name.clone(), value)).collect()
}

fn write_row(text: &mut String, row: &Row, usual: &Constants, kernel_usual: &Constants) {
    let Row { target: t, measured: m, .. } = row;
    text.push_str("\n[[target]]\n");
    let mut string =
        |key: &str, value: &str| writeln!(text, "{key} = {value:?}").expect(INFALLIBLE);
    string("name", &t.name);
    string("libc", &t.libc);
    string("libc_version", &m.libc_version);
    string("linux_headers", &m.linux_headers);
    for (key, value, required) in [
        ("arch", &t.arch, true),
        ("os", &t.os, t.os != "linux"),
        ("env", &t.env, true),
        ("abi", &t.abi, false),
        ("endian", &t.endian, true),
    ] {
        if required || (!value.is_empty() && value != "linux") {
            string(key, value);
        }
    }
    writeln!(text, "pointer_width = {}\nrust = {:?}", t.pointer_width, t.rust).expect(INFALLIBLE);
    if let Some(align) = t.rust_u64_align {
        writeln!(text, "rust_u64_align = {align}").expect(INFALLIBLE);
    }
    for (key, value, required) in [
        ("packages", &t.packages, true),
        ("musl", &t.musl, false),
        ("reads", &t.reads, false),
        ("headers", &t.headers, false),
        ("compiler", &t.compiler, true),
        ("clang", &t.clang, true),
        ("clang_exception", &t.clang_exception, false),
        ("zig", &t.zig, true),
        ("zig_front_end", &t.zig_front_end, false),
        ("zig_headers", &t.zig_headers, false),
        ("zig_exception", &t.zig_exception, false),
        ("qemu", &t.qemu, true),
        ("qemu_exception", &t.qemu_exception, false),
    ] {
        if required || !value.is_empty() {
            writeln!(text, "{key} = {value:?}").expect(INFALLIBLE);
        }
    }
    for (key, list) in [
        ("breaking_flags", &t.breaking_flags),
        ("witnesses", &m.witnesses),
        ("with_flags", &m.with_flags),
    ] {
        if !list.is_empty() {
            writeln!(text, "{key} = {list:?}").expect(INFALLIBLE);
        }
    }
    for (key, value) in m.layout.fields() {
        if key == "packed" {
            writeln!(text, "packed = {}", m.layout.packed).expect(INFALLIBLE);
        } else {
            writeln!(text, "{key} = {value}").expect(INFALLIBLE);
        }
    }
    for (key, value) in [
        ("kernel_size", m.kernel_size),
        ("kernel_align", m.kernel_align),
        ("kernel_events_offset", m.kernel_events_offset),
        ("kernel_data_offset", m.kernel_data_offset),
    ] {
        writeln!(text, "{key} = {value}").expect(INFALLIBLE);
    }
    write_absent(text, "without", &m.constants, usual);
    write_absent(text, "kernel_without", &m.kernel_constants, kernel_usual);
    write_constants(text, "target.constants", &unusual(&m.constants, usual));
    write_constants(text, "target.kernel_constants", &unusual(&m.kernel_constants, kernel_usual));
}

const INFALLIBLE: &str = "a string takes any text";

fn unusual(constants: &Constants, usual: &Constants) -> Constants {
    let own = constants.iter().filter(|&(name, value)| usual.get(name) != Some(value));
    own.map(|(name, &value)| (name.clone(), value)).collect()
}

fn write_absent(text: &mut String, key: &str, constants: &Constants, usual: &Constants) {
    let absent: Vec<_> = usual.keys().filter(|name| !constants.contains_key(*name)).collect();
    if !absent.is_empty() {
        writeln!(text, "{key} = {absent:?}").expect(INFALLIBLE);
    }
}

/// Writes the constants in the order of their values, the ctl operations last.
fn write_constants(text: &mut String, heading: &str, constants: &Constants) {
    if constants.is_empty() {
        return;
    }
    let mut sorted: Vec<_> = constants.iter().collect();
    sorted.sort_by_key(|&(name, &value)| (group(name), value));
    writeln!(text, "\n[{heading}]").expect(INFALLIBLE);
    for (name, value) in sorted {
        writeln!(text, "{name} = {value:#x}").expect(INFALLIBLE);
    }
}
