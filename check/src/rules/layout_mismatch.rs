//! `layout-mismatch`.

use crate::rule::Explanation;

/// Its page.
pub const EXPLANATION: Explanation = Explanation {
    finds: "The caller's struct epoll_event is not laid out as the kernel's.",
    hurts: "\
        The structure has 12 bytes on x86-64 and 16 on most other targets. With the wrong one \
        the kernel reads padding where the data should be, every event comes back with the wrong \
        data, and all but the first entry of the wait's array are garbage.",
    evidence: "\
        On targets that pack it: the upper half of data equals the descriptor and the lower half \
        is always the same, which is the 16-byte structure. On targets that pad it: the padding \
        equals the descriptor and data does not hold it, which is the packed one. Suspected \
        after 3 different descriptors, certain after 8.",
    silent: "\
        Data that holds a descriptor in its upper half and something different in its lower \
        half, such as a generation. Bindings that make raw system calls are not seen.",
    fix: "\
        Use the layout of the target: `epshim layout` prints it, `epshim layout --emit LANGUAGE` \
        writes it for a binding.",
    wrong: r"struct my_epoll_event { uint32_t events; uint64_t data; };  /* 16 bytes: not on x86-64 */",
    right: r"#include <sys/epoll.h>           /* other languages: epshim layout --emit */",
    manual: "epoll_event(3type)",
    seen: &[
        "https://github.com/odin-lang/Odin/pull/5837",
        "https://github.com/nix-rust/nix/pull/182",
        "https://github.com/rust-lang/rust/pull/12003",
        "https://github.com/nim-lang/Nim/pull/20058",
    ],
};
