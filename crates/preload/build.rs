//! Compiles the hooks, which are C: see `hooks/hooks.h`.

use std::path::{Path, PathBuf};

fn main() {
    let files = files_in(Path::new("hooks"));
    // The folder with all that is in it: a file more is a change too.
    println!("cargo::rerun-if-changed=hooks");
    let mut build = cc::Build::new();
    build.std("c11").warnings(true).extra_warnings(true).warnings_into_errors(true);
    for flag in ["-Wpedantic", "-Wstrict-prototypes", "-Wmissing-prototypes"] {
        build.flag(flag);
    }
    // The jump at the end of a hook is an optimisation, and pthread_cancel unwinds the hooks.
    build.opt_level(2).force_frame_pointer(false).flag("-fexceptions").flag("-fvisibility=hidden");
    // The plain names have plain widths, whatever the compiler's own default is.
    build.flag("-U_TIME_BITS").flag("-U_FILE_OFFSET_BITS");
    build.files(files.iter().filter(|file| file.extension().is_some_and(|name| name == "c")));
    build.compile("epshim_hooks");
}

/// Sorted, so that the library is built alike everywhere.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the package has this folder");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}
