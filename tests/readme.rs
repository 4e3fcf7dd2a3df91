//! The README's C snippets are compiled, linked with the library and run. (Its Rust snippets are
//! documentation tests, see the end of `src/lib.rs`.)
#![cfg(feature = "verify")]

mod support;

use std::path::Path;
use std::process::Command;
use support::c_compiler;

const README: &str = include_str!("../README.md");

fn c_snippets() -> Vec<&'static str> {
    let blocks = README.split("```c\n").skip(1);
    blocks.map(|block| block.split_once("```").expect("a block ends").0).collect()
}

/// Compiles a snippet as the README says, runs it, and returns what it prints.
fn run(number: usize, snippet: &str) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (source, program) =
        (folder.join(format!("readme-{number}.c")), folder.join(format!("readme-{number}")));
    std::fs::write(&source, snippet).unwrap();
    let library = c_compiler::library_folder();
    let mut compiler = c_compiler::compiler();
    compiler.args(["-Wall", "-Wextra", "-Wpedantic", "-Werror"]).arg(&source).arg("-I");
    compiler.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("include"));
    compiler.arg("-L").arg(&library).arg("-lepshim").arg("-o").arg(&program);
    c_compiler::run(compiler.arg(c_compiler::run_path(&library)));
    let output = Command::new(&program).output().unwrap();
    assert!(output.status.success(), "{snippet}\n{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_c_snippet_compiles_and_runs() {
    let outputs: Vec<_> = c_snippets().iter().enumerate().map(|(i, text)| run(i, text)).collect();
    assert_eq!(outputs.len(), 2, "the README has two snippets in C");
    let expected = format!("epshim {}: data 42 says \"hello\"; ", env!("CARGO_PKG_VERSION"));
    assert!(outputs[0].starts_with(&expected), "{outputs:?}");
}

#[test]
fn the_first_c_snippet_is_the_example() {
    assert_eq!(c_snippets()[0], include_str!("../examples/hello.c"));
}
