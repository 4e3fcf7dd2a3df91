//! Python: a module on ctypes.
//!
//! `_pack_` says what a structure's fields are aligned to at most. It is left out where the fields'
//! own alignment is C's. From Python 3.14 on `_pack_` asks for `_layout_` beside it.

use super::architectures::{Libc, libc, names};
use super::words::{Kind, Template, constant_lines};
use epshim_layouts::Row;

const TEXT: &str = r#"
{{heading}}

import ctypes
import os
import sys

_libc = ctypes.CDLL(None, use_errno=True)

{{guard}}

class epoll_event(ctypes.Structure):
{{pack}}
    _fields_ = [
        ("events", ctypes.c_uint32),  # EPOLL* bits
        ("data", ctypes.c_uint64),  # handed back as given
    ]


_found = (ctypes.sizeof(epoll_event), epoll_event.events.offset, epoll_event.data.offset)
if _found != ({{size}}, {{events_offset}}, {{data_offset}}):
    raise ImportError(f"epoll_event has size and offsets {_found} here")

{{constants}}


def _checked(result, function, arguments):
    if result == -1:
        error = ctypes.get_errno()
        raise OSError(error, f"{function.__name__}: {os.strerror(error)}")
    return result


def _call(name, *argtypes):
    function = _libc[name]
    function.__name__ = name
    function.argtypes = argtypes
    function.restype = ctypes.c_int
    function.errcheck = _checked
    return function


# {{create1}}
#   epoll_create1(flags)
epoll_create1 = _call("epoll_create1", ctypes.c_int)

# {{ctl}}
#   epoll_ctl(epfd, op, fd, ctypes.byref(epoll_event(events, data)))
epoll_ctl = _call("epoll_ctl", ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.POINTER(epoll_event))

# {{wait}}
#   events = (epoll_event * maxevents)()
#   epoll_wait(epfd, events, maxevents, timeout)
epoll_wait = _call("epoll_wait", ctypes.c_int, ctypes.POINTER(epoll_event), ctypes.c_int, ctypes.c_int)
"#;

/// The kernel's name is that of the kernel: a 32-bit program may run on a 64-bit one, and i386 and
/// x32 programs on the same. The word size and the alignment of 64 bits tell them apart.
fn guard(row: &Row) -> String {
    let (target, names) = (&row.target, names(row).uname);
    let mut starts: Vec<_> = names.split(',').map(|name| format!("\"{name}\"")).collect();
    if starts.len() == 1 {
        starts.push(String::new());
    }
    let mut conditions = vec![
        "sys.platform not in (\"linux\", \"android\")".to_owned(),
        format!("not os.uname().machine.startswith(({}))", starts.join(", ").trim_end()),
        format!("sys.byteorder != \"{}\"", target.endian),
        format!("ctypes.sizeof(ctypes.c_void_p) != {}", target.pointer_width / 8),
        format!("ctypes.alignment(ctypes.c_uint64) != {}", row.measured.layout.data_align),
    ];
    match libc(row) {
        Libc::Any => {}
        Libc::Glibc => conditions.push("not hasattr(_libc, \"gnu_get_libc_version\")".to_owned()),
        Libc::NotGlibc => conditions.push("hasattr(_libc, \"gnu_get_libc_version\")".to_owned()),
    }
    let conditions = conditions.join("\n    or ");
    format!(
        "if (\n    {conditions}\n):\n    raise ImportError(\"this epoll_event is for {}\")\n",
        target.name
    )
}

pub fn text(row: &Row) -> String {
    let pack = match row.measured.layout.align {
        8 => String::new(),
        align => format!("    _pack_ = {align}\n    _layout_ = \"ms\"\n"),
    };
    let constants = constant_lines(row, |constant| {
        let (name, value, meaning) = (constant.name, constant.value, constant.meaning);
        match constant.kind {
            Kind::Event => format!("{name} = 0x{value:08x}  # {meaning}"),
            Kind::Flag => format!("{name} = {value:#x}  # {meaning}"),
            Kind::Operation => format!("{name} = {value}  # {meaning}"),
        }
    });
    let template = Template {
        language: "python",
        comment: "#",
        check: "Size and offsets are checked whenever this module is imported.\n",
        text: TEXT,
    };
    template.fill(row, &[("guard", guard(row)), ("pack", pack), ("constants", constants)])
}
