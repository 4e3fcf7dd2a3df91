//! Makes the hooks of the table of functions, and compiles them: see `hooks/functions.toml`.

#[path = "build/calls.rs"]
mod calls;
#[path = "build/chaos.rs"]
mod chaos;
#[path = "build/emit_c.rs"]
mod emit_c;
#[path = "build/emit_rust.rs"]
mod emit_rust;
#[path = "build/table.rs"]
mod table;

use std::path::{Path, PathBuf};
use std::{env, fs};
use table::Table;

fn main() {
    // The folder with all that is in it: a file more is a change too.
    println!("cargo::rerun-if-changed=hooks");
    println!("cargo::rerun-if-changed=build");
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let made = generate(&folder);
    let mut build = cc::Build::new();
    build.std("c11").warnings(true).extra_warnings(true).warnings_into_errors(true);
    for flag in ["-Wpedantic", "-Wstrict-prototypes", "-Wmissing-prototypes"] {
        build.flag(flag);
    }
    // The jump at the end of a hook is an optimisation, and pthread_cancel unwinds the hooks.
    build.opt_level(2).force_frame_pointer(false).flag("-fexceptions").flag("-fvisibility=hidden");
    for flag in hardening() {
        build.flag_if_supported(flag);
    }
    // The plain names have plain widths, also where the compiler's own default is another.
    build.flag("-U_TIME_BITS").flag("-U_FILE_OFFSET_BITS");
    build.include("hooks").include(&folder);
    build.files(made.iter().chain(&c_files_in(Path::new("hooks"))));
    build.compile("epshim_hooks");
}

/// The hooks stand on the path of every read of a program that may be attacked. The canary, and marks where an
/// indirect branch may land: CET's on x86, BTI and signed return addresses on AArch64.
fn hardening() -> &'static [&'static str] {
    match env::var("CARGO_CFG_TARGET_ARCH").expect("cargo sets it").as_str() {
        "x86_64" | "x86" => &["-fstack-protector-strong", "-fcf-protection=full"],
        "aarch64" => &["-fstack-protector-strong", "-mbranch-protection=standard"],
        _ => &["-fstack-protector-strong"],
    }
}

/// Writes what the table makes, and returns the C files of it.
fn generate(folder: &Path) -> [PathBuf; 2] {
    let text = fs::read_to_string(table_file()).expect("the table is readable");
    let table = Table::parse(&text).unwrap_or_else(|error| panic!("{error}"));
    let functions = table.functions().unwrap_or_else(|error| panic!("{error}"));
    let write = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).expect("cargo's folder is writable");
        path
    };
    write("io_kind.h", emit_c::io_kinds(&table.kinds));
    write("functions.h", emit_c::functions(&functions));
    write("exports.rs", emit_rust::exports(&functions));
    write("io_kind.rs", emit_rust::io_kinds(&table.kinds));
    [
        write("hooks.c", emit_c::hooks(&functions)),
        write("system_calls.c", emit_c::system_calls(&functions)),
    ]
}

/// The project's table, or another one: a test builds the library with a row more.
fn table_file() -> PathBuf {
    println!("cargo::rerun-if-env-changed=EPSHIM_FUNCTIONS");
    let Some(other) = env::var_os("EPSHIM_FUNCTIONS") else { return "hooks/functions.toml".into() };
    println!("cargo::rerun-if-changed={}", other.display());
    other.into()
}

/// Sorted, so that the library is built alike everywhere.
fn c_files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the package has this folder");
    let paths = entries.map(|entry| entry.expect("readable").path());
    let mut files: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "c")).collect();
    files.sort();
    files
}
