//! Headers that glibc might have written, each in a sysroot of its own: those of other targets, and
//! those that no target has.

use epshim_harness::products;
use std::fs;

#[allow(dead_code, reason = "one test program has no other target")]
/// As on most targets.
pub const UNPACKED: &str =
    "struct epoll_event { unsigned events; epoll_data_t data __attribute__((aligned(8))); };";
/// As on x86-64.
pub const PACKED: &str =
    "struct epoll_event { unsigned events; epoll_data_t data; } __attribute__((packed));";

/// A sysroot with nothing in it but the header that has this structure.
pub fn sysroot(name: &str, structure: &str, cloexec: &str) -> String {
    let root = products::folder(name);
    fs::create_dir_all(root.join("usr/include/sys")).unwrap();
    fs::write(root.join("usr/include/sys/epoll.h"), header(structure, cloexec)).unwrap();
    root.display().to_string()
}

fn header(structure: &str, cloexec: &str) -> String {
    let mut text = format!(
        "typedef union {{ void *ptr; int fd; unsigned u32; unsigned long long u64; }} epoll_data_t;\n{structure}\n\
         #define EPOLL_CLOEXEC {cloexec}\n#define EPOLL_NEW_FLAG 0x4000u\n#define __GLIBC__ 2\n\
         #define __GLIBC_MINOR__ 99\n"
    );
    for (name, value) in epshim::layout::EVENT_FLAGS {
        text += &format!("#define {name} {value}u\n");
    }
    text
}
