//! Rust: a module without dependencies, for `mod epoll_abi;` or `include!`.
//!
//! `repr(C, packed(N))` is what Rust has for a structure that C aligns to less than its fields; it
//! serves where a 64-bit integer is aligned to 4 or 2 as well. Elsewhere plain `repr(C)` is C's layout.

use super::words::{Kind, Template, constant_lines};
use epshim_layouts::Row;

const TEXT: &str = r#"
{{heading}}

use core::ffi::c_int;

#[cfg(not(all(
    any(target_os = "linux", target_os = "android"),
    target_arch = "{{arch}}",
    target_endian = "{{endian}}",
    target_pointer_width = "{{pointer_width}}",
    target_env = "{{env}}"
)))]
compile_error!("this layout of struct epoll_event is for {{target}}");

/// C's `struct epoll_event`. Copy the fields out; a packed structure's cannot be borrowed.
#[repr({{repr}})]
#[derive(Clone, Copy)]
pub struct EpollEvent {
    /// `EPOLL*` bits.
    pub events: u32,
    /// Handed back as given.
    pub data: u64,
}

const _: () = {
    assert!(core::mem::size_of::<EpollEvent>() == {{size}});
    assert!(core::mem::align_of::<EpollEvent>() == {{align}});
    assert!(core::mem::offset_of!(EpollEvent, events) == {{events_offset}});
    assert!(core::mem::offset_of!(EpollEvent, data) == {{data_offset}});
};

{{constants}}

unsafe extern "C" {
    /// {{create1}}
    pub fn epoll_create1(flags: c_int) -> c_int;
    /// {{ctl}}
    pub fn epoll_ctl(epfd: c_int, op: c_int, fd: c_int, event: *mut EpollEvent) -> c_int;
    /// {{wait}}
    pub fn epoll_wait(
        epfd: c_int,
        events: *mut EpollEvent,
        maxevents: c_int,
        timeout: c_int,
    ) -> c_int;
}
"#;

pub fn text(row: &Row) -> String {
    let target = &row.target;
    let repr = match row.measured.align {
        1 => "C, packed".to_owned(),
        8 => "C".to_owned(),
        align => format!("C, packed({align})"),
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
        language: "rust",
        comment: "//",
        check: "The assertions below are checked whenever this file is compiled.\n",
        text: TEXT,
    };
    let more = [
        ("arch", target.arch.clone()),
        ("endian", target.endian.clone()),
        ("pointer_width", target.pointer_width.to_string()),
        ("env", target.env.clone()),
        ("repr", repr),
        ("constants", constants),
    ];
    template.fill(row, &more)
}
