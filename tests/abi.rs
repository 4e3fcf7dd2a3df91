//! The ABI against the recorded one, `tests/abi/x86_64-linux-gnu.abi`, by abidiff.
//!
//! libabigail reads no debugging information of Rust. What it compares is a library of C, made here
//! of the header: the same functions, each with an empty body. That the functions of the built
//! library have the signatures of the header is proved in `src/proof.rs`, when it is compiled; its
//! symbols and its SONAME are compared here.
//!
//! After an addition, `EPSHIM_BLESS=1 cargo test --test abi` records the ABI anew. See docs/abi.md.
#![cfg(all(feature = "verify", target_arch = "x86_64", target_env = "gnu"))]

use epshim_harness::process::run;
use epshim_harness::products::product;
use epshim_harness::{c_compiler, c_library, tools};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

const HEADER: &str = include_str!("../include/epshim.h");

fn recorded() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/abi/x86_64-linux-gnu.abi")
}

/// The functions that a header declares, each defined.
fn definitions(header: &str) -> String {
    let (_, declarations) = header.split_once("extern \"C\" {").expect("the functions are C's");
    let parts = declarations.split("/*").map(|part| part.split_once("*/").map_or(part, |p| p.1));
    let code: String = parts.collect();
    let code: Vec<_> = code.lines().filter(|line| !line.starts_with('#')).collect();
    let code = code.join("\n");
    let functions = code.split(';').filter(|text| text.contains('(') && !text.contains("typedef"));
    functions.map(|function| format!("{function}\n{{\n    abort();\n}}\n")).collect()
}

/// A library of C with the functions of this header, and debugging information.
fn described(header: &str, name: &str) -> PathBuf {
    let folder = product("abi").join(name);
    fs::create_dir_all(&folder).expect("the folder of the products is ours");
    fs::write(folder.join("epshim.h"), header).unwrap();
    let text = format!("#include \"epshim.h\"\n#include <stdlib.h>\n{}", definitions(header));
    fs::write(folder.join("epshim.c"), text).unwrap();
    let soname = format!("-Wl,-soname,libepshim.so.{}", env!("CARGO_PKG_VERSION_MAJOR"));
    let mut compiler = c_compiler::compiler();
    compiler.current_dir(&folder).args(["-g", "-fPIC", "-shared", "epshim.c", "-o", "epshim.so"]);
    run(compiler.arg(soname));
    folder.join("epshim.so")
}

/// abidiff of the recorded ABI and a library. Status 0: equal (abidiff(1), return values).
fn difference(library: &Path) -> Output {
    let mut abidiff = Command::new("abidiff");
    abidiff.arg(recorded()).arg(library).output().expect("it is installed")
}

fn is_equal(library: &Path) {
    let output = difference(library);
    let report = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {report}{errors}", library.display());
}

#[test]
fn the_header_declares_the_recorded_abi() {
    if !tools::is_installed("abidiff") {
        return;
    }
    let library = described(HEADER, "header");
    if env::var_os("EPSHIM_BLESS").is_some() {
        let mut abidw = Command::new("abidw");
        abidw.args(["--no-corpus-path", "--no-comp-dir-path", "--no-show-locs"]);
        abidw.args(["--no-elf-needed", "--out-file"]).arg(recorded());
        run(abidw.arg(&library));
    }
    is_equal(&library);
}

#[test]
fn the_libraries_have_the_recorded_symbols_and_soname() {
    if tools::is_installed("abidiff") {
        is_equal(&c_library::shared());
        is_equal(&c_compiler::library_folder().join("libepshim.so"));
    }
}

#[test]
fn a_change_is_found() {
    if !tools::is_installed("abidiff") {
        return;
    }
    let changes = [
        ("a-parameter", "epshim_delete(int epfd, int fd)", "epshim_delete(int epfd, long fd)"),
        ("a-result", "const char *epshim_version(void)", "const void *epshim_version(void)"),
        ("a-field", "uint32_t data_align; ", "uint64_t data_align; "),
        (
            "a-callback",
            "uint64_t handle, uint32_t events,\n",
            "uint64_t handle, uint64_t events,\n",
        ),
        ("a-removal", "int epshim_close(int epfd);", ""),
        (
            "an-addition",
            "int epshim_close(int epfd);",
            "int epshim_close(int epfd);\nint epshim_x(void);",
        ),
    ];
    for (name, from, to) in changes {
        let header = HEADER.replace(from, to);
        assert_ne!(header, HEADER, "{name}: {from} is not in the header");
        let output = difference(&described(&header, name));
        let report = String::from_utf8_lossy(&output.stdout);
        assert!(!output.status.success(), "{name} was not found: {report}");
    }
}
