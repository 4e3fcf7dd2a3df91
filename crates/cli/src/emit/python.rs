//! Python: a module on ctypes.
//!
//! `_pack_` says what a structure's fields are aligned to at most. It is left out where the fields'
//! own alignment is C's. From Python 3.14 on `_pack_` asks for `_layout_` beside it.

use super::architectures::names;
use super::words::{Kind, Template, constant_lines};
use epshim_layouts::Row;

const TEXT: &str = r#"
{{heading}}

import ctypes
import os

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

_libc = ctypes.CDLL(None, use_errno=True)


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

pub fn text(row: &Row) -> String {
    let machines = names(row).uname;
    let guard = if machines.is_empty() {
        String::new()
    } else {
        let starts: String = machines.iter().map(|start| format!("\"{start}\", ")).collect();
        format!(
            "if not os.uname().machine.startswith(({})):\n    raise ImportError(\"this epoll_event is for {}\")\n",
            starts.trim_end(),
            row.target.name
        )
    };
    let pack = match row.measured.align {
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
    template.fill(row, &[("guard", guard), ("pack", pack), ("constants", constants)])
}
