//! Where the program begins: C's `main`, in place of the one that the standard library brings.
//!
//! Before that one calls a Rust `main` it makes a stack for signals, and ends the process where memory
//! is out; and it opens `/dev/null` where stdout is closed, so that the address would be written there
//! and be lost, without an error.
//!
//! The arguments come as C has them, without a copy.

use std::ffi::{CStr, OsStr, c_char, c_int};
use std::os::unix::ffi::OsStrExt;

/// Called by the C library. The tests have a `main` of their own.
#[cfg_attr(not(test), unsafe(export_name = "main"))]
#[cfg_attr(test, allow(dead_code, reason = "without it all of the server would be unused"))]
extern "C" fn main(argc: c_int, argv: *const *const c_char) -> c_int {
    let count = usize::try_from(argc).unwrap_or(0);
    let arguments = (1..count).map(|index| {
        // SAFETY: the C library passes `argc` strings, which nothing changes and which last as long as
        // the process (C11, 5.1.2.2.1).
        let argument = unsafe { CStr::from_ptr(*argv.add(index)) };
        OsStr::from_bytes(argument.to_bytes())
    });
    crate::start(arguments)
}
