//! Rust: a module without dependencies, for `mod epoll_abi;` or `include!`.
//!
//! `repr(C, packed(N))` is what Rust has for a structure that C aligns to less than its fields; it
//! serves where a 64-bit integer is aligned to 4 or 2 as well. Elsewhere plain `repr(C)` is C's layout.
//! Paths are written out, since `use core::` means another thing in the edition of 2015.

use super::architectures::{Libc, libc};
use super::words::{Kind, Template, constant_lines};
use epshim_layouts::Row;

const TEXT: &str = r#"
{{heading}}

#[cfg(not(all(
    any(target_os = "linux", target_os = "android"),
    target_arch = "{{arch}}",
    target_endian = "{{endian}}",
{{env}}
    target_pointer_width = "{{pointer_width}}"
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
    pub fn epoll_create1(flags: core::ffi::c_int) -> core::ffi::c_int;
    /// {{ctl}}
    pub fn epoll_ctl(
        epfd: core::ffi::c_int,
        op: core::ffi::c_int,
        fd: core::ffi::c_int,
        event: *mut EpollEvent,
    ) -> core::ffi::c_int;
    /// {{wait}}
    pub fn epoll_wait(
        epfd: core::ffi::c_int,
        events: *mut EpollEvent,
        maxevents: core::ffi::c_int,
        timeout: core::ffi::c_int,
    ) -> core::ffi::c_int;
}
"#;

pub fn text(row: &Row) -> String {
    let target = &row.target;
    let repr = match row.measured.layout.align {
        1 => "C, packed".to_owned(),
        8 => "C".to_owned(),
        align => format!("C, packed({align})"),
    };
    let env = match libc(row) {
        Libc::Any if target.abi == "oabi" => "    target_abi = \"oabi\",\n",
        Libc::Any => "",
        Libc::Glibc => "    target_env = \"gnu\",\n",
        Libc::NotGlibc => "    not(target_env = \"gnu\"),\n",
    }
    .to_owned();
    let constants = constant_lines(row, |constant| {
        let (name, value, meaning) = (constant.name, constant.value, constant.meaning);
        let definition = match constant.kind {
            Kind::Event => format!("u32 = 0x{value:08x}"),
            Kind::Flag => format!("core::ffi::c_int = {value:#x}"),
            Kind::Operation => format!("core::ffi::c_int = {value}"),
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
        ("env", env),
        ("repr", repr),
        ("constants", constants),
    ];
    template.fill(row, &more)
}
