//! Names the shared library `libepshim.so.MAJOR`, the name under which programs look for it when they start.

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let name = format!("libepshim.so.{}", env!("CARGO_PKG_VERSION_MAJOR"));
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,{name}");

    // GNU's linker fills the file up to a page after the code and before it, so that no page of it is executable that
    // need not be: 8 KB of 27. Rust's own linker does not.
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,noseparate-code");

    // For musl nothing else asks for libc: std would.
    println!("cargo::rustc-cdylib-link-arg=-lc");

    // cargo does not write that file: a link beside the library, which stands where cargo puts it, lets programs
    // that are linked with `-L target/release` run.
    //
    // OUT_DIR is PROFILE/build/epshim-capi-HASH/out. A library lies in PROFILE, and for tests in
    // PROFILE/deps. Should cargo ever order its folders otherwise, no link is made.
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let Some(build) = out.ancestors().nth(2).filter(|path| path.ends_with("build")) else {
        return;
    };
    let profile = build.parent().expect("OUT_DIR is absolute");
    for folder in [profile.to_owned(), profile.join("deps")] {
        let link = folder.join(&name);
        if folder.is_dir() && fs::read_link(&link).is_err() {
            // Not worth failing the build: another build may have been first.
            let _ = symlink("libepshim.so", link);
        }
    }
}
