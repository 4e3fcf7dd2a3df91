//! bpftrace: a script that prints what a process hands to `epoll_ctl`, to begin from.
//!
//! bpftrace gives all definitions to clang, so the guard is C's; its own language has no
//! `__attribute__`, and passes `#pragma pack` on. The names start with `target_`: a kernel with BTF
//! has an `epoll_event` of its own.

use super::c;
use super::words::{Kind, Template, constant_lines};
use epshim_layouts::Row;

const TEXT: &str = r#"
#!/usr/bin/env bpftrace
{{heading}}
 */

#if {{machine}}
#error "this epoll_event is for {{target}}"
#endif

#pragma pack(push, {{align}})
struct target_epoll_event {
	unsigned int events;
	unsigned long long data;
};
#pragma pack(pop)

{{constants}}

uprobe:libc:epoll_ctl
/arg3 != 0/
{
	$event = (struct target_epoll_event *)arg3;
	printf("%s[%d] epoll_ctl(%d, %d, %d, {0x%x, 0x%lx})\n", comm, pid, (int32)arg0, (int32)arg1, (int32)arg2,
		$event->events, $event->data);
}
"#;

/// bpftrace reads a directive to the end of its line, also behind a backslash.
fn one_line(condition: &str) -> String {
    condition.replace(" \\\n    ", " ")
}

pub fn text(row: &Row) -> String {
    let constants = constant_lines(row, |constant| {
        let (name, value, meaning) = (constant.name, constant.value, constant.meaning);
        match constant.kind {
            Kind::Event => format!("#define {name} 0x{value:08x} // {meaning}"),
            Kind::Flag => format!("#define {name} {value:#x} // {meaning}"),
            Kind::Operation => format!("#define {name} {value} // {meaning}"),
        }
    });
    let template = Template {
        language: "bpftrace",
        comment: " *",
        check: "Definitions and one probe, for a beginning: bpftrace THIS_FILE. The program is the kernel's\n\
                own kind: a 32-bit program on a 64-bit kernel has another layout.\n",
        text: TEXT,
    };
    let more = [("machine", one_line(&c::kernel_machine(row))), ("constants", constants)];
    template.fill(row, &more).replacen(" *", "/*", 1)
}
