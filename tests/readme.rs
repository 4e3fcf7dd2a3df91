//! The C snippets of the README and of docs/library.md are compiled, linked with the library and run. (Their Rust
//! snippets are documentation tests, see the end of `src/lib.rs`.) The output that the README shows is what is printed.
#![cfg(feature = "verify")]

use epshim_harness::c_compiler::{WARNINGS, build, compiler, library_folder, link_with_epshim};
use epshim_harness::process::stdout_of;
use epshim_harness::products::product;
use std::path::Path;
use std::process::Command;

const README: &str = include_str!("../README.md");
const LIBRARY: &str = include_str!("../docs/library.md");

fn c_snippets() -> Vec<&'static str> {
    let blocks = [README, LIBRARY].into_iter().flat_map(|text| text.split("```c\n").skip(1));
    blocks.map(|block| block.split_once("```").expect("a block ends").0).collect()
}

/// Compiles a snippet as the README says, runs it, and returns what it prints.
fn run(number: usize, snippet: &str) -> String {
    let source = product(format!("readme-{number}.c"));
    std::fs::write(&source, snippet).unwrap();
    let mut command = compiler();
    command.args(WARNINGS).arg(&source).arg("-I");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("include"));
    link_with_epshim(&mut command, &library_folder());
    stdout_of(&mut Command::new(build(&mut command, format!("readme-{number}"))))
}

#[test]
fn every_c_snippet_compiles_and_runs() {
    let outputs: Vec<_> = c_snippets().iter().enumerate().map(|(i, text)| run(i, text)).collect();
    assert_eq!(outputs.len(), 2, "each has a snippet in C");
    // The size is that of x86-64.
    let (said, _) = outputs[0].split_once("; struct epoll_event has ").expect("its size");
    let command = "target/hello && target/hello\n";
    let (_, shown) = README.split_once(command).expect("the README shows its output");
    assert!(shown.starts_with(said), "{outputs:?}");
    if cfg!(target_arch = "x86_64") {
        assert!(shown.starts_with(&outputs[0]), "{outputs:?}");
    }
}

#[test]
fn the_first_c_snippet_is_the_example() {
    assert_eq!(c_snippets()[0], include_str!("../examples/hello.c"));
}
