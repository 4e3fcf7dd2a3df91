//! libepshim from languages that cannot express `struct epoll_event`, or need not: Python and Node
//! register, wait and read the layout without declaring it. The programs are in `tests/ffi/`.
#![cfg(feature = "verify")]

use epshim::layout::Layout;
use epshim_harness::process::stdout_of;
use epshim_harness::{c_compiler, koffi, tools};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Runs a program with the library's path and version; it prints what `epshim_layout` wrote.
fn reports_our_layout(mut command: Command) {
    command.arg(c_compiler::library_folder().join("libepshim.so")).arg(env!("CARGO_PKG_VERSION"));
    let printed = stdout_of(&mut command);
    let Layout { size, align, events_offset, data_offset, data_size, data_align, packed } =
        Layout::OURS;
    let expected = [size, align, events_offset, data_offset, data_size, data_align, packed];
    let printed: Vec<u32> =
        printed.split_whitespace().map(|number| number.parse().unwrap()).collect();
    assert_eq!(printed, expected);
}

fn program(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ffi").join(name)
}

#[test]
fn python_needs_no_structure() {
    if tools::is_installed("python3") {
        let mut python = Command::new("python3");
        python.args(["-W", "error"]).arg(program("epshim.py"));
        reports_our_layout(python);
    }
}

#[test]
fn node_needs_no_structure() {
    if let Some(folder) = koffi::folder() {
        // Node looks for packages beside the program.
        let copy = folder.join("epshim.mjs");
        fs::copy(program("epshim.mjs"), &copy).unwrap();
        let mut node = Command::new("node");
        node.arg(copy);
        reports_our_layout(node);
    }
}
