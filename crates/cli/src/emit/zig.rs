//! Zig: a file to `@import`, linked with libc.
//!
//! The alignment of an `extern struct` is that of its fields, so both fields get the structure's:
//! `align(1)` packs, `align(8)` puts the data at 8. Aligning the data alone to 4, as is sometimes
//! seen, gives the right offsets and a structure that is aligned to 4.

use super::architectures::names;
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

pub fn text(row: &Row) -> String {
    let guard = match names(row).zig {
        "" => String::new(),
        arch => format!(
            "    if (builtin.cpu.arch != .{arch}) @compileError(\"this epoll_event is for {}\");\n",
            row.target.name
        ),
    };
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
    template.fill(row, &[("guard", guard), ("constants", constants)])
}
