//! Nim: a module that needs no header, for every backend that goes through C.
//!
//! Nim knows its own names of machines, the C compiler behind it knows the rest: the guard of the C
//! header is written out for it (`emit`), so that the two cannot disagree. `packed` takes padding away;
//! where C aligns the data to 8, an object without it is C's.

use super::architectures::names;
use super::c;
use super::words::{Kind, Template, constant_lines};
use epshim_layouts::Row;

const TEXT: &str = r#"
{{heading}}

when not (defined(linux) and hostCPU == "{{cpu}}" and cpuEndian == {{endian}} and sizeof(pointer) == {{width}}):
  {.error: "this epoll_event is for {{target}}".}

# What the C compiler says.
{.emit: """/*INCLUDESECTION*/
#include <stdint.h>
#if {{machine}}
#error "this epoll_event is for {{target}}"
#endif
""".}

type EpollEvent* {.{{pragmas}}.} = object
  ## C's `struct epoll_event`.
  events*: uint32 ## `EPOLL*` bits
  data*: {{data_type}} ## handed back as given

static:
  doAssert sizeof(EpollEvent) == {{size}}
  doAssert offsetof(EpollEvent, events) == {{events_offset}}
  doAssert offsetof(EpollEvent, data) == {{data_offset}}

const
{{constants}}

# Each returns -1 on failure; `osLastError()` says why.

proc epoll_create1*(flags: cint): cint {.importc, sideEffect.}
  ## {{create1}}

proc epoll_ctl*(epfd, op, fd: cint, event: ptr EpollEvent): cint {.importc, sideEffect.}
  ## {{ctl}}

proc epoll_wait*(epfd: cint, events: ptr EpollEvent, maxevents, timeout: cint): cint {.importc, sideEffect.}
  ## {{wait}}
"#;

pub fn text(row: &Row) -> String {
    let (target, m) = (&row.target, &row.measured);
    let cpu = match names(row).nim {
        // Nim has no port to it: no compiler says this.
        "" => target.arch.as_str(),
        _ if target.abi == "oabi" => "armoabi",
        cpu => cpu,
    };
    let packed = if m.layout.data_offset == 4 { "packed" } else { "bycopy" };
    let constants = constant_lines(row, |constant| {
        let (name, value, meaning) = (constant.name, constant.value, constant.meaning);
        let definition = match constant.kind {
            Kind::Event => format!("{name}* = 0x{value:08x}'u32"),
            Kind::Flag => format!("{name}* = {value:#x}.cint"),
            Kind::Operation => format!("{name}* = {value}.cint"),
        };
        format!("  {definition} ## {meaning}")
    });
    let template = Template {
        language: "nim",
        comment: "#",
        check: "Save as epoll_abi.nim. Size and offsets are checked whenever it is compiled.\n",
        text: TEXT,
    };
    let more = [
        ("cpu", cpu.to_owned()),
        ("endian", format!("{}Endian", target.endian)),
        ("width", (target.pointer_width / 8).to_string()),
        ("machine", c::machine(row)),
        ("pragmas", packed.to_owned()),
        ("data_type", "uint64".to_owned()),
        ("constants", constants),
    ];
    template.fill(row, &more)
}
