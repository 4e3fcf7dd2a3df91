//! The golden table: one row, or all. Reads what is embedded in the command; asks and builds nothing.

use super::debian;
use crate::output::{BOLD, Cell, Output, PLAIN, columns, heading};
use epshim_layouts::table::{Constants, group};
use epshim_layouts::{Layout, Measured, Row, Table};
use serde::Serialize;
use std::fmt::Write as _;

/// A row, as JSON.
#[derive(Serialize)]
struct Json<'a> {
    target: &'a str,
    libc: &'a str,
    libc_version: &'a str,
    linux_headers: &'a str,
    arch: &'a str,
    endian: &'a str,
    pointer_width: u32,
    rust: &'a [String],
    debian: Option<&'a str>,
    witnesses: &'a [String],
    with_flags: &'a [String],
    layout: Layout,
    constants: &'a Constants,
    kernel: KernelJson<'a>,
}

/// What `<linux/eventpoll.h>` says.
#[derive(Serialize)]
struct KernelJson<'a> {
    size: u32,
    align: u32,
    events_offset: u32,
    data_offset: u32,
    constants: &'a Constants,
}

impl<'a> From<&'a Row> for Json<'a> {
    fn from(row: &'a Row) -> Self {
        let Row { target: t, measured: m, .. } = row;
        Self {
            target: &t.name,
            libc: &t.libc,
            libc_version: &m.libc_version,
            linux_headers: &m.linux_headers,
            arch: &t.arch,
            endian: &t.endian,
            pointer_width: t.pointer_width,
            rust: &t.rust,
            debian: debian::architecture(row),
            witnesses: &m.witnesses,
            with_flags: &m.with_flags,
            layout: m.layout,
            constants: &m.constants,
            kernel: KernelJson {
                size: m.kernel_size,
                align: m.kernel_align,
                events_offset: m.kernel_events_offset,
                data_offset: m.kernel_data_offset,
                constants: &m.kernel_constants,
            },
        }
    }
}

/// `--all`.
pub fn all(table: &Table, json: bool) -> Output {
    if json {
        let targets: Vec<_> = table.rows.iter().map(Json::from).collect();
        return Output::json(&serde_json::json!({ "targets": targets }), true);
    }
    let mut lines = vec![heading([
        "target",
        "C library",
        "size",
        "align",
        "events at",
        "data at",
        "packed",
        "bits",
        "endian",
        "EPOLL_CLOEXEC",
        "in the kernel",
        "witnesses",
    ])];
    lines.extend(table.rows.iter().map(line));
    let mut text = columns(&lines);
    let count = table.rows.len();
    let differing = differing_constants(table).join(", ");
    writeln!(
        text,
        "\n{count} targets. \"in the kernel\" is size/align of <linux/eventpoll.h>. Constants with more than \
         one value: {differing}.\nMore of one: epshim layout --target NAME"
    )
    .expect("a string takes any text");
    Output::text(text, true)
}

fn line(row: &Row) -> Vec<Cell> {
    let Row { target: t, measured: m, .. } = row;
    let cloexec = m.constants.get("EPOLL_CLOEXEC").map_or("-".to_owned(), |v| format!("{v:#x}"));
    vec![
        t.name.clone().into(),
        t.libc_said(&m.libc_version).into(),
        m.layout.size.into(),
        m.layout.align.into(),
        m.layout.events_offset.into(),
        m.layout.data_offset.into(),
        if m.layout.packed { "yes" } else { "no" }.into(),
        t.pointer_width.into(),
        t.endian.clone().into(),
        cloexec.into(),
        format!("{}/{}", m.kernel_size, m.kernel_align).into(),
        m.witnesses.len().into(),
    ]
}

/// Constants of `<sys/epoll.h>` whose value is not the same in all rows that have them.
fn differing_constants(table: &Table) -> Vec<&str> {
    let mut seen = Constants::new();
    let mut differing = Vec::new();
    for (name, &value) in table.rows.iter().flat_map(|row| &row.measured.constants) {
        let first = *seen.entry(name.clone()).or_insert(value);
        if first != value && !differing.contains(&name.as_str()) {
            differing.push(name);
        }
    }
    differing
}

/// `--target`.
pub fn one(row: &Row, json: bool) -> Output {
    if json {
        return Output::json(&Json::from(row), true);
    }
    let Row { target: t, measured: m, .. } = row;
    let mut text = format!(
        "{BOLD}{}{PLAIN}: {}, Linux headers {}, {}-endian, {}-bit pointers\n",
        t.name,
        t.libc_said(&m.libc_version),
        m.linux_headers,
        t.endian,
        t.pointer_width
    );
    let debian = debian::architecture(row).map(|name| format!("Debian: {name}"));
    let rust = (!t.rust.is_empty()).then(|| format!("Rust: {}", t.rust.join(", ")));
    let also: Vec<_> = debian.into_iter().chain(rust).collect();
    if !also.is_empty() {
        writeln!(text, "{}", also.join("; ")).expect("a string takes any text");
    }
    writeln!(text, "Witnesses: {}", m.witnesses.join("; ")).expect("a string takes any text");
    for flag in &m.with_flags {
        let (flag, layout) = flag.split_once(": ").unwrap_or((flag, ""));
        writeln!(text, "Another layout with {flag}, which no C library is built with: {layout}")
            .expect("a string takes any text");
    }
    text.push('\n');
    text.push_str(&columns(&lines(m)));
    Output::text(text, true)
}

fn lines(m: &Measured) -> Vec<Vec<Cell>> {
    let mut lines = vec![heading(["struct epoll_event", "<sys/epoll.h>", "<linux/eventpoll.h>"])];
    let fields: [(&str, &dyn ToString, Option<u32>); 7] = [
        ("size", &m.layout.size, Some(m.kernel_size)),
        ("align", &m.layout.align, Some(m.kernel_align)),
        ("events at", &m.layout.events_offset, Some(m.kernel_events_offset)),
        ("data at", &m.layout.data_offset, Some(m.kernel_data_offset)),
        ("size of data", &m.layout.data_size, None),
        ("align of data", &m.layout.data_align, None),
        ("packed", &if m.layout.packed { "yes" } else { "no" }, None),
    ];
    for (name, libc, kernel) in fields {
        let kernel = kernel.map_or(String::new(), |value| value.to_string());
        lines.push(vec![name.into(), libc.to_string().into(), kernel.into()]);
    }
    lines.push(vec![]);
    lines.push(heading(["constants", "", ""]));
    let mut names: Vec<_> = m.constants.iter().chain(&m.kernel_constants).collect();
    names.sort_by_key(|&(name, value)| (group(name), value, name));
    names.dedup_by_key(|(name, _)| *name);
    for (name, _) in names {
        let value = |constants: &Constants| {
            constants.get(name).map_or("-".to_owned(), |value| format!("{value:#x}"))
        };
        lines.push(vec![
            name.into(),
            value(&m.constants).into(),
            value(&m.kernel_constants).into(),
        ]);
    }
    lines
}
