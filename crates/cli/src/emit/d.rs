//! D: a module for every compiler (DMD, LDC, GDC), linked with the C library.
//!
//! `align (N)` before the fields says what they are aligned to at most, before the structure what the
//! whole is; `extern (C)` alone would follow the C ABI of the compiler's machine, which packs nothing.
//! The predefined versions name the machine, and its C library where that counts.

use super::architectures::{Libc, libc, names};
use super::words::{Kind, Template, constant_lines};
use epshim_layouts::Row;

const TEXT: &str = r#"
{{heading}}
module epoll_abi;

version (linux) {} else static assert(0, "this epoll_event is for {{target}}");
{{guard}}

/// C's `struct epoll_event`.
align ({{align}}) struct EpollEvent
{
align ({{align}}):
    uint events; /// `EPOLL*` bits
    ulong data; /// handed back as given
}

static assert(EpollEvent.sizeof == {{size}});
static assert(EpollEvent.alignof == {{align}});
static assert(EpollEvent.events.offsetof == {{events_offset}});
static assert(EpollEvent.data.offsetof == {{data_offset}});

{{constants}}

// Each returns -1 on failure; core.stdc.errno.errno says why.
extern (C) nothrow @nogc
{
    /// {{create1}}
    int epoll_create1(int flags);
    /// {{ctl}}
    int epoll_ctl(int epfd, int op, int fd, EpollEvent* event);
    /// {{wait}}
    int epoll_wait(int epfd, EpollEvent* events, int maxevents, int timeout);
}
"#;

fn guard(row: &Row) -> String {
    let target = &row.target;
    let arch = match names(row).d {
        // D has no name for it: no compiler predefines this one.
        "" => target.arch.to_uppercase(),
        _ if target.abi == "oabi" => "ARM_OABI".to_owned(),
        arch => arch.to_owned(),
    };
    let order = if target.endian == "big" { "BigEndian" } else { "LittleEndian" };
    let wrong = format!("static assert(0, \"this epoll_event is for {}\");\n", target.name);
    let mut lines = format!("version ({arch}) {{}} else {wrong}");
    lines.push_str(&format!("version ({order}) {{}} else {wrong}"));
    let size = target.pointer_width / 8;
    lines.push_str(&format!("static if (size_t.sizeof != {size}) {wrong}"));
    match libc(row) {
        Libc::Any => {}
        Libc::Glibc => lines.push_str(&format!("version (CRuntime_Glibc) {{}} else {wrong}")),
        Libc::NotGlibc => lines.push_str(&format!("version (CRuntime_Glibc) {wrong}")),
    }
    lines
}

pub fn text(row: &Row) -> String {
    let constants = constant_lines(row, |constant| {
        let (name, value, meaning) = (constant.name, constant.value, constant.meaning);
        let definition = match constant.kind {
            Kind::Event => format!("uint {name} = 0x{value:08x}"),
            Kind::Flag => format!("int {name} = {value:#x}"),
            Kind::Operation => format!("int {name} = {value}"),
        };
        format!("enum {definition}; /// {meaning}")
    });
    let template = Template {
        language: "d",
        comment: "//",
        check: "Save as epoll_abi.d. The assertions are checked whenever it is compiled.\n",
        text: TEXT,
    };
    template.fill(row, &[("guard", guard(row)), ("constants", constants)])
}
