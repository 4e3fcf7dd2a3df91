//! C: a header with names of its own (`target_`, `TARGET_`, QEMU's habit), so that a program can
//! have it beside its own machine's `<sys/epoll.h>`.
//!
//! `packed` with `aligned` and explicit padding gives the target's layout in every C compiler,
//! also in one for another machine: a debugger or an emulator needs just that.

use super::words::{Kind, Template, constant_lines, constants};
use epshim_layouts::Row;

const TEXT: &str = r#"
{{heading}}
 */
#ifndef TARGET_EPOLL_H
#define TARGET_EPOLL_H

#include <stddef.h>
#include <stdint.h>

union target_epoll_data {
    void *ptr;
    int fd;
    uint32_t u32;
    uint64_t u64;
};

struct target_epoll_event {
    /* TARGET_EPOLL* bits */
    uint32_t events;
{{padding}}
    /* handed back as given */
    union target_epoll_data data;
} __attribute__((packed, aligned({{align}})));

_Static_assert(sizeof(struct target_epoll_event) == {{size}}, "size of epoll_event");
_Static_assert(_Alignof(struct target_epoll_event) == {{align}}, "alignment of epoll_event");
_Static_assert(offsetof(struct target_epoll_event, events) == {{events_offset}}, "place of epoll_event.events");
_Static_assert(offsetof(struct target_epoll_event, data) == {{data_offset}}, "place of epoll_event.data");
_Static_assert(sizeof(union target_epoll_data) == 8, "size of epoll_data");

{{constants}}

#ifdef TARGET_EPOLL_CHECK
#include <sys/epoll.h>
_Static_assert(sizeof(struct epoll_event) == {{size}}, "sizes differ");
_Static_assert(_Alignof(struct epoll_event) == {{align}}, "alignments differ");
_Static_assert(offsetof(struct epoll_event, events) == {{events_offset}}, "events differ");
_Static_assert(offsetof(struct epoll_event, data) == {{data_offset}}, "data differ");
{{checks}}
#endif

/* The calls. <sys/epoll.h> has its own declarations: include it before this file, or not at all. */
#if !defined(_SYS_EPOLL_H) && !defined(_SYS_EPOLL_H_)
/* {{create1}} */
int epoll_create1(int flags);
/* {{ctl}} */
int epoll_ctl(int epfd, int op, int fd, struct target_epoll_event *event);
/* {{wait}} */
int epoll_wait(int epfd, struct target_epoll_event *events, int maxevents, int timeout);
#endif

#endif /* TARGET_EPOLL_H */
"#;

pub fn text(row: &Row) -> String {
    let padding = row.measured.data_offset - row.measured.events_offset - 4;
    let padding = match padding {
        0 => String::new(),
        _ => format!("    uint8_t padding[{padding}];\n"),
    };
    let constants_text = constant_lines(row, |constant| {
        let (name, meaning) = (constant.name, constant.meaning);
        match constant.kind {
            Kind::Event => {
                format!("#define TARGET_{name} 0x{:08x}u /* {meaning} */", constant.value)
            }
            Kind::Flag => format!("#define TARGET_{name} {:#x} /* {meaning} */", constant.value),
            Kind::Operation => format!("#define TARGET_{name} {} /* {meaning} */", constant.value),
        }
    });
    let checks = constants(row)
        .iter()
        .map(|constant| {
            let name = constant.name;
            format!(
                "_Static_assert((uint32_t)TARGET_{name} == (uint32_t){name}, \"{name} differs\");\n"
            )
        })
        .collect();
    let template = Template {
        language: "c",
        comment: " *",
        check: "To check it against the target's own header: cc -fsyntax-only -DTARGET_EPOLL_CHECK THIS_FILE\n",
        text: TEXT,
    };
    let more = [("padding", padding), ("constants", constants_text), ("checks", checks)];
    template.fill(row, &more).replacen(" *", "/*", 1)
}
