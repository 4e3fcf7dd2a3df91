//! The table for people: `docs/layouts.md`.

use crate::layout::Layout;
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

All numbers are in bytes, measured with a C compiler of each target from its `<sys/epoll.h>` and
`<linux/eventpoll.h>`, and asked again of the other witnesses that the row names. `events` is at offset 0,
`epoll_data_t` is 8 bytes and its members all start at its first byte: on big-endian targets `data.fd` and
`data.u32` are the high half of `data.u64`.

To measure again: `sh crates/layouts/install.sh`, then `cargo run -p epshim-layouts -- check`.

";

const WITNESSES: &str = "
The first witness is the one whose numbers stand here; the others say the same. gcc is Debian's, with Debian's
headers where nothing else is said; zig is `zig cc` of PyPI's package ziglang, which is another compiler with
headers of its own; libclang is asked by bindgen, about the first witness's headers.

";

const HEADERS: &str = "
## Whose headers

";

const CONSTANTS: &str = "
## Constants

The values are the same on every target, but for the exceptions beside them.

";

const EXCEPTIONS: &str = "
## Where bindgen's answer does not count

bindgen (libclang 14) is asked about the same headers and agrees with the C compiler, but here:

";

const ZIG_EXCEPTIONS: &str = "
## Where zig's answer does not count

";

const FLAGS: &str = "
## Flags that make another layout

No C library is built with these flags: a program that is cannot call it with the structure it has then.

| target | flag: size, alignment, `data` at |
|---|---|
";

const NOT_MEASURED: &str = "
## Not measured

- microblaze and nios2: Debian has no compiler for them, and clang has no such target.
- bionic's own `<sys/epoll.h>` is in no check, because no package has it. The rows above are the kernel's
  structure, by the compilers of the machine. It was read once, from the Android Open Source Project's
  repository (commit 731631f3), by zig's clang for all five targets: the same layouts. Its structure is of its own
  making, in `<bits/epoll_event.h>`, and packed on x86-64 alone.
- uClibc's headers are in no check, because they have to be made for each target from its source
  (Debian: uclibc-source). Those of uClibc-ng 1.0.35 were made and read once, by gcc: 12, 4, 4 on i386 and sh4, 12,
  1, 4 on x86-64, 12, 2, 4 on m68k, 16, 8, 8 on ARM and MIPS: as musl's, of which i386 is not packed either.
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
    text.push_str(WITNESSES);
    text.push_str(HEADERS.trim_start());
    reasons(&mut text, table, headers);
    text.push_str(FLAGS);
    flags(&mut text, table);
    text.push_str(CONSTANTS);
    constants(&mut text, table);
    text.push_str(EXCEPTIONS);
    reasons(&mut text, table, |row| row.target.clang_exception.clone());
    text.push_str(ZIG_EXCEPTIONS);
    reasons(&mut text, table, |row| row.target.zig_exception.clone());
    text.push_str(NOT_RUN);
    reasons(&mut text, table, |row| row.target.qemu_exception.clone());
    text.push_str(NOT_MEASURED);
    text
}

/// The few layouts that there are, each with its targets.
fn layouts(text: &mut String, table: &Table) {
    let mut layouts: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for row in &table.rows {
        let Layout { size, align, data_offset, .. } = row.measured.layout;
        layouts.entry((size, align, data_offset)).or_default().push(&row.target.name);
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
         alignment, `data` at | Linux headers | witnesses | Rust targets |",
    );
    line(text, "|---|---|---:|---:|---:|---:|---|---|---|---|---|");
    for Row { target: t, measured: m, .. } in &table.rows {
        let Layout { size, align, data_offset, data_align, packed, .. } = m.layout;
        let packed = if packed { "yes" } else { "no" };
        let kernel = format!("{}, {}, {}", m.kernel_size, m.kernel_align, m.kernel_data_offset);
        let rust = if t.rust.is_empty() { "none".to_owned() } else { t.rust.join(", ") };
        line(
            text,
            &format!(
                "| {} | {} | {size} | {align} | {data_offset} | {data_align} | {packed} | {kernel} | {} | {} | {rust} |",
                t.name,
                t.libc_said(&m.libc_version),
                m.linux_headers,
                m.witnesses.join("; ")
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
    let mut names = Vec::new();
    for library in libraries {
        let of_library = |row: &&Row| row.target.libc == library;
        let own: Vec<_> = rows.iter().copied().filter(|row| of_library(row)).collect();
        if own.len() == table.rows.iter().filter(of_library).count() {
            names.push(if library == "none" { "the kernel's rows" } else { library });
        } else {
            names.extend(own.iter().map(|row| row.target.name.as_str()));
        }
    }
    names.join(", ")
}

/// Where a row's headers are from, if they are not the compiler's own.
fn headers(row: &Row) -> String {
    let t = &row.target;
    let whose = match (t.headers.as_str(), t.musl.as_str(), t.compiler.as_str()) {
        ("diet", ..) => "dietlibc's, from Debian's dietlibc-dev",
        (_, musl, _) if !musl.is_empty() => "musl's, from Debian's musl-dev of that architecture",
        ("zig", ..) | (.., "") => "those of ziglang",
        _ if !t.is_kernel_only() => return String::new(),
        _ => "those of Debian for the compiler's own machine",
    };
    let note = match t.name.as_str() {
        _ if t.libc == "bionic" => ", whose structure the kernel has on Android too",
        "or1k-linux" => {
            ": the generic ones; OpenRISC has no header of its own among those that are included"
        }
        "arm-linux-oabi" => ", compiled for the ABI before EABI",
        "sh4eb-linux" => ", compiled for the other byte order",
        _ => "",
    };
    let only = if t.is_kernel_only() { "`<linux/eventpoll.h>` alone, " } else { "" };
    format!("{only}{whose}{note}")
}

fn flags(text: &mut String, table: &Table) {
    for row in &table.rows {
        for flag in &row.measured.with_flags {
            let flag = flag.replacen(':', "`:", 1);
            line(text, &format!("| {} | `{flag} |", row.target.name));
        }
    }
}

/// One line for each reason, with all the targets that it is given for.
fn reasons(text: &mut String, table: &Table, reason: impl Fn(&Row) -> String) {
    let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
    for row in table.rows.iter() {
        let given = reason(row);
        match reasons.iter_mut().find(|(known, _)| *known == given) {
            _ if given.is_empty() => {}
            Some((_, targets)) => targets.push(&row.target.name),
            None => reasons.push((given, vec![&row.target.name])),
        }
    }
    for (reason, targets) in reasons {
        line(text, &format!("- {}: {reason}", targets.join(", ")));
    }
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a string takes any text");
}
