//! Which loaded modules are the C library: its own parts, the loader, and what it opens itself to look up names.
//!
//! One list for all that looks for the program's own frame above it. It errs to neither side by much: a module
//! that only begins like one of these (`libc-client.so`, `libnss3.so`) is another library.

/// Of glibc, in one file or, before 2.34, in several.
const LIBRARIES: [&str; 6] = ["libc", "libpthread", "librt", "libdl", "libanl", "libresolv"];
/// Behind such a name: `libc.so.6`, `libc-2.31.so`, `libc.musl-x86_64.so.1`.
const ENDS: [&str; 3] = [".so", "-2.", ".musl-"];
/// `ld-linux-x86-64.so.2`, `ld64.so.2`, `ld.so.1`, and `ld-musl-x86_64.so.1`, which is all of musl.
const LOADERS: [&str; 3] = ["ld-", "ld64.", "ld."];
/// What getaddrinfo(3) and its like open.
const NAME_SERVICE: &str = "libnss_";

/// Whether a module, by its path or its name, is part of the C library.
#[must_use]
pub fn is_part_of_libc(module: &str) -> bool {
    let name = module.rsplit('/').next().unwrap_or(module);
    let mut behind = LIBRARIES.iter().filter_map(|library| name.strip_prefix(library));
    let is_loader = || LOADERS.iter().any(|begin| name.starts_with(begin)) && name.contains(".so");
    behind.any(|rest| ENDS.iter().any(|end| rest.starts_with(end)))
        || is_loader()
        || name.starts_with(NAME_SERVICE)
}

#[cfg(test)]
mod tests {
    use super::is_part_of_libc;

    #[test]
    fn parts_of_the_c_library_are_told_from_libraries_that_are_called_alike() {
        for name in [
            "/lib/x86_64-linux-gnu/libc.so.6",
            "/lib/libc-2.31.so",
            "/lib/libc.musl-x86_64.so.1",
            "/lib/ld-musl-x86_64.so.1",
            "/lib64/ld-linux-x86-64.so.2",
            "/lib/ld-2.31.so",
            "/lib/ld64.so.2",
            "libpthread.so.0",
            "libpthread-2.31.so",
            "libresolv.so.2",
            "libnss_dns.so.2",
            "librt.so.1",
        ] {
            assert!(is_part_of_libc(name), "{name}");
        }
        for name in [
            "",
            "[vdso]",
            "/usr/bin/server",
            "libc++.so.1",
            "libc-client.so.2007",
            "libcrypto.so.3",
            "libnss3.so",
            "libpthread_workqueue.so.0",
            "libmagic.so.1",
            "libdlib.so.19",
            "ldd",
            "/lib/x86_64-linux-gnu/libc.so.6.d/server",
        ] {
            assert!(!is_part_of_libc(name), "{name}");
        }
    }
}
