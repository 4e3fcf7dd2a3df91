//! C: a header with names of its own (`target_`, `TARGET_`, QEMU's habit), so that a program can
//! have it beside its own machine's `<sys/epoll.h>`.
//!
//! `packed` with `aligned` and explicit padding gives the target's layout in every C and C++ compiler,
//! also in one for another machine. A debugger or an emulator needs just that, and has to say so
//! (`TARGET_EPOLL_FOREIGN`): everywhere else the file refuses a machine that it is not for, since the
//! calls would hand the structure to the wrong kernel.

use super::architectures::{Libc, libc, names};
use super::words::{Kind, Template, constant_lines, constants};
use epshim_layouts::Row;

const TEXT: &str = r#"
{{heading}}
 */
#ifndef TARGET_EPOLL_H
#define TARGET_EPOLL_H

#include <stddef.h>
#include <stdint.h>
#ifdef TARGET_EPOLL_CHECK
#include <sys/epoll.h>
#endif

/* A debugger or an emulator for another machine: the structure and the constants, no calls. */
#ifndef TARGET_EPOLL_FOREIGN
#if {{machine}}
#error "this struct epoll_event is for {{target}}"
#endif
#endif

#ifdef __cplusplus
#define TARGET_EPOLL_ASSERT(condition, what) static_assert(condition, what)
#define TARGET_EPOLL_ALIGNOF(type) alignof(type)
extern "C" {
#else
#define TARGET_EPOLL_ASSERT(condition, what) _Static_assert(condition, what)
#define TARGET_EPOLL_ALIGNOF(type) _Alignof(type)
#endif

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

TARGET_EPOLL_ASSERT(sizeof(struct target_epoll_event) == {{size}}, "size of epoll_event");
TARGET_EPOLL_ASSERT(TARGET_EPOLL_ALIGNOF(struct target_epoll_event) == {{align}}, "alignment of epoll_event");
TARGET_EPOLL_ASSERT(offsetof(struct target_epoll_event, events) == {{events_offset}}, "place of epoll_event.events");
TARGET_EPOLL_ASSERT(offsetof(struct target_epoll_event, data) == {{data_offset}}, "place of epoll_event.data");
TARGET_EPOLL_ASSERT(sizeof(union target_epoll_data) == 8, "size of epoll_data");

{{constants}}

#ifdef TARGET_EPOLL_CHECK
TARGET_EPOLL_ASSERT(sizeof(struct epoll_event) == {{size}}, "sizes differ");
TARGET_EPOLL_ASSERT(TARGET_EPOLL_ALIGNOF(struct epoll_event) == {{align}}, "alignments differ");
TARGET_EPOLL_ASSERT(offsetof(struct epoll_event, events) == {{events_offset}}, "events differ");
TARGET_EPOLL_ASSERT(offsetof(struct epoll_event, data) == {{data_offset}}, "data differ");
{{checks}}
#endif

/* The calls. <sys/epoll.h> has its own declarations: include it before this file, or not at all. */
#if !defined(TARGET_EPOLL_FOREIGN) && !defined(_SYS_EPOLL_H) && !defined(_SYS_EPOLL_H_)
/* {{create1}} */
int epoll_create1(int flags);
/* {{ctl}} */
int epoll_ctl(int epfd, int op, int fd, struct target_epoll_event *event);
/* {{wait}} */
int epoll_wait(int epfd, struct target_epoll_event *events, int maxevents, int timeout);
#endif

#ifdef __cplusplus
}
#endif

#endif /* TARGET_EPOLL_H */
"#;

/// When the compiler is for another machine or C library, as a condition of the preprocessor.
pub fn machine(row: &Row) -> String {
    let library = match libc(row) {
        Libc::Any => "",
        // uClibc says that it is glibc.
        Libc::Glibc => " \\\n    || !defined(__GLIBC__) || defined(__UCLIBC__)",
        Libc::NotGlibc => " \\\n    || (defined(__GLIBC__) && !defined(__UCLIBC__))",
    };
    kernel_machine(row) + library
}

/// The same without the C library.
pub fn kernel_machine(row: &Row) -> String {
    let target = &row.target;
    let order = if target.endian == "big" { "BIG" } else { "LITTLE" };
    let mut conditions = vec![
        "!defined(__linux__)".to_owned(),
        format!("!defined({})", names(row).c),
        format!("__BYTE_ORDER__ != __ORDER_{order}_ENDIAN__"),
        format!("__SIZEOF_POINTER__ != {}", target.pointer_width / 8),
    ];
    match target.arch.as_str() {
        "arm" if target.abi == "oabi" => conditions.push("defined(__ARM_EABI__)".to_owned()),
        "arm" => conditions.push("!defined(__ARM_EABI__)".to_owned()),
        _ => {}
    }
    conditions.join(" \\\n    || ")
}

pub fn text(row: &Row) -> String {
    let padding = row.measured.layout.data_offset - row.measured.layout.events_offset - 4;
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
                "TARGET_EPOLL_ASSERT((uint32_t)TARGET_{name} == (uint32_t){name}, \"{name} differs\");\n"
            )
        })
        .collect();
    let template = Template {
        language: "c",
        comment: " *",
        check: "C11, C++11, and later. To check it against the target's own header: cc -fsyntax-only -DTARGET_EPOLL_CHECK THIS_FILE\n",
        text: TEXT,
    };
    let more = [
        ("machine", machine(row)),
        ("padding", padding),
        ("constants", constants_text),
        ("checks", checks),
    ];
    template.fill(row, &more).replacen(" *", "/*", 1)
}
