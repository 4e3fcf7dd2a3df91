//! Zig: a file to `@import`, linked with libc.
//!
//! The alignment of an `extern struct` is that of its fields, so both fields get the structure's:
//! `align(1)` packs, `align(8)` puts the data at 8. Aligning the data alone to 4, as is sometimes
//! seen, gives the right offsets and a structure that is aligned to 4.

use super::architectures::{Libc, libc, names};
use super::words::{Kind, Template, constant_lines};
use epshim_layouts::Row;

const TEXT: &str = r#"
{{heading}}

const builtin = @import("builtin");

pub const EpollEvent = extern struct {
    /// EPOLL* bits.
    events: u32 align({{align}}),
    /// Handed back as given.
    data: u64 align({{align}}),
};

comptime {
{{guard}}
    if (@sizeOf(EpollEvent) != {{size}}) @compileError("size of epoll_event");
    if (@alignOf(EpollEvent) != {{align}}) @compileError("alignment of epoll_event");
    if (@offsetOf(EpollEvent, "events") != {{events_offset}}) @compileError("place of epoll_event.events");
    if (@offsetOf(EpollEvent, "data") != {{data_offset}}) @compileError("place of epoll_event.data");
}

{{constants}}

/// {{create1}}
pub extern "c" fn epoll_create1(flags: c_int) c_int;
/// {{ctl}}
pub extern "c" fn epoll_ctl(epfd: c_int, op: c_int, fd: c_int, event: ?*EpollEvent) c_int;
/// {{wait}}
pub extern "c" fn epoll_wait(epfd: c_int, events: [*]EpollEvent, maxevents: c_int, timeout: c_int) c_int;
"#;

/// The conditions, each on a line of its own.
fn guard(row: &Row) -> String {
    let target = &row.target;
    let arches = match names(row).zig {
        "" => target.arch.as_str(),
        names => names,
    };
    let arches: Vec<_> =
        arches.split(',').map(|arch| format!("builtin.cpu.arch != .{arch}")).collect();
    let mut conditions = vec![
        "builtin.os.tag != .linux".to_owned(),
        arches.join(" and "),
        format!("@sizeOf(usize) != {}", target.pointer_width / 8),
    ];
    match libc(row) {
        Libc::Any => {}
        Libc::Glibc => conditions.push("builtin.abi != .gnu".to_owned()),
        Libc::NotGlibc => conditions.push("builtin.abi == .gnu".to_owned()),
    }
    if target.abi == "oabi" {
        // Zig's names of the newer ABI end so; it has none for the old one.
        conditions.push("true".to_owned());
    }
    let line = |condition| {
        let name = &target.name;
        format!("    if ({condition}) @compileError(\"this epoll_event is for {name}\");\n")
    };
    conditions.into_iter().map(line).collect()
}

pub fn text(row: &Row) -> String {
    let constants = constant_lines(row, |constant| {
        let (name, value, meaning) = (constant.name, constant.value, constant.meaning);
        let definition = match constant.kind {
            Kind::Event => format!("u32 = 0x{value:08x}"),
            Kind::Flag => format!("c_int = {value:#x}"),
            Kind::Operation => format!("c_int = {value}"),
        };
        format!("/// {meaning}\npub const {name}: {definition};")
    });
    let template = Template {
        language: "zig",
        comment: "//",
        check: "The comptime block below is checked whenever this file is compiled.\n",
        text: TEXT,
    };
    template.fill(row, &[("guard", guard(row)), ("constants", constants)])
}
