//! Errnos by number and name, as most Linux architectures number them
//! (include/uapi/asm-generic/errno.h). A record of MIPS, SPARC, Alpha or PA-RISC has its own numbers
//! above 34, which mean others here.

#![allow(missing_docs, reason = "the names of errno(3)")]

macro_rules! errnos {
    ($($name:ident = $number:literal,)*) => {
        $(pub const $name: i32 = $number;)*
        const ALL: &[(&str, i32)] = &[$((stringify!($name), $number),)*];
    };
}

errnos! {
    EPERM = 1,
    ENOENT = 2,
    EINTR = 4,
    EIO = 5,
    ENXIO = 6,
    EBADF = 9,
    EAGAIN = 11,
    ENOMEM = 12,
    EACCES = 13,
    EFAULT = 14,
    EEXIST = 17,
    EISDIR = 21,
    EINVAL = 22,
    ENFILE = 23,
    EMFILE = 24,
    EFBIG = 27,
    ENOSPC = 28,
    ESPIPE = 29,
    EPIPE = 32,
    ELOOP = 40,
    ECANCELED = 125,
    EPROTO = 71,
    ENOTSOCK = 88,
    EMSGSIZE = 90,
    EOPNOTSUPP = 95,
    EADDRINUSE = 98,
    ENETUNREACH = 101,
    ECONNABORTED = 103,
    ECONNRESET = 104,
    ENOBUFS = 105,
    EISCONN = 106,
    ENOTCONN = 107,
    ETIMEDOUT = 110,
    ECONNREFUSED = 111,
    EHOSTUNREACH = 113,
    EALREADY = 114,
    EINPROGRESS = 115,
}

/// Its name; `None`: none is known here.
#[must_use]
pub fn name(errno: i32) -> Option<&'static str> {
    ALL.iter().find(|&&(_, number)| number == errno).map(|&(name, _)| name)
}

/// The number of a name, or of `E` and the number: `E200`.
#[must_use]
pub fn number(word: &str) -> Option<i32> {
    let known = ALL.iter().find(|&&(name, _)| name == word).map(|&(_, number)| number);
    known.or_else(|| word.strip_prefix('E')?.parse().ok())
}
