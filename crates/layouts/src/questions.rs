//! What a C compiler is asked about a header, and what its answers are made of.
//!
//! The questions are C expressions with names; the constants that a header defines are asked for as well, and
//! are not listed here: they are read from the header. In which form a compiler answers is `measure.rs`'s.

use crate::layout::Layout;
use crate::table::Constants;
use std::collections::BTreeMap;

/// The two headers that define `struct epoll_event`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// `<sys/epoll.h>`.
    Libc,
    /// `<linux/eventpoll.h>`.
    Kernel,
}

impl Header {
    pub(crate) const fn includes(self) -> &'static str {
        match self {
            Self::Libc => "#define _GNU_SOURCE\n#include <stddef.h>\n#include <sys/epoll.h>\n",
            Self::Kernel => {
                "#include <stddef.h>\n#include <linux/types.h>\n#include <linux/version.h>\n\
                 #include <linux/eventpoll.h>\n"
            }
        }
    }

    /// Names and C expressions; all but those of the constants.
    pub(crate) const fn questions(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Libc => &[
                ("size", "sizeof(struct epoll_event)"),
                ("align", "_Alignof(struct epoll_event)"),
                ("events_offset", "offsetof(struct epoll_event, events)"),
                ("events_size", "sizeof(((struct epoll_event *)0)->events)"),
                ("data_offset", "offsetof(struct epoll_event, data)"),
                ("data_size", "sizeof(epoll_data_t)"),
                ("data_align", "_Alignof(epoll_data_t)"),
                ("ptr_offset", "offsetof(epoll_data_t, ptr)"),
                ("fd_offset", "offsetof(epoll_data_t, fd)"),
                ("u32_offset", "offsetof(epoll_data_t, u32)"),
                ("u64_offset", "offsetof(epoll_data_t, u64)"),
                ("libc_version", "LIBC_VERSION"),
            ],
            Self::Kernel => &[
                ("size", "sizeof(struct epoll_event)"),
                ("align", "_Alignof(struct epoll_event)"),
                ("events_offset", "offsetof(struct epoll_event, events)"),
                ("data_offset", "offsetof(struct epoll_event, data)"),
                ("events_size", "sizeof(((struct epoll_event *)0)->events)"),
                ("data_size", "sizeof(((struct epoll_event *)0)->data)"),
                ("data_align", "_Alignof(__u64)"),
                ("linux_version", "LINUX_VERSION_CODE"),
            ],
        }
    }
}

/// The answers, and the constants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// By the names of the questions.
    pub numbers: BTreeMap<String, u32>,
    /// Every object-like macro `EPOLL*` that has a value.
    pub constants: Constants,
}

impl Answers {
    /// The layout that they say.
    #[must_use]
    pub fn layout(&self) -> Layout {
        Layout::of(&self.numbers)
    }

    /// The kernel's structure as a C library's that takes it over: its data has one member.
    pub(crate) fn as_libc(&self) -> Self {
        let mut libc = self.clone();
        let members = ["ptr_offset", "fd_offset", "u32_offset", "u64_offset"];
        libc.numbers.extend(members.map(|member| (member.to_owned(), 0)));
        libc.numbers.insert("libc_version".to_owned(), 0);
        libc
    }
}

/// The version of a C library that tells it, as a macro.
pub(crate) const VERSION: &str = "
#if defined(__GLIBC__) && defined(__GLIBC_MINOR__)
#define LIBC_VERSION (__GLIBC__ << 16 | __GLIBC_MINOR__)
#else
#define LIBC_VERSION 0
#endif
";
/// Answers as text in the data of an object file; the questions follow, and `};`.
pub(crate) const PROBE: &str = r#"
#define DIGIT(value, shift) (char)(((unsigned)(value) >> (shift) & 15) < 10 \
    ? '0' + ((unsigned)(value) >> (shift) & 15) : 'a' - 10 + ((unsigned)(value) >> (shift) & 15))
#define ANSWER(name, value) {"@epshim@", name, {DIGIT(value, 28), DIGIT(value, 24), \
    DIGIT(value, 20), DIGIT(value, 16), DIGIT(value, 12), DIGIT(value, 8), DIGIT(value, 4), DIGIT(value, 0)}}
const struct { char mark[8]; char name[32]; char value[8]; } answers[] = {
"#;
/// Before each of them.
pub(crate) const MARK: &[u8] = b"@epshim@";
