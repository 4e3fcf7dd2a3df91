//! What a report from outside says of a finding's descriptors: what the library's says, and the program itself.

use crate::command::{INTRODUCED, epshim, json};
use crate::engine::{can_attach, file};
use epshim_harness::c_compiler::compile_text;
use epshim_harness::deadline;
use epshim_harness::process::Process;
use epshim_harness::products::folder;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::thread;

#[test]
fn each_kind_of_descriptor_is_introduced_by_what_it_is_open_on() {
    if !can_attach() {
        return;
    }
    let folder = folder("attached-introductions");
    let program = compile_text(&folder, "opens", include_str!("../introductions.c"), &["-g"]);
    thread::scope(|scope| {
        for kind in INTRODUCED {
            let (program, path) = (&program, folder.join(kind));
            scope.spawn(move || is_introduced(kind, program, &path));
        }
    });
}

fn is_introduced(kind: &str, program: &Path, path: &Path) {
    let to = file();
    let mut command = epshim(&["check", "--engine", "bpf", "--json"]);
    command.arg(&to).arg("--").arg(program).arg(kind).arg(path).arg("4");
    let mut process = Process::start(kind, &mut command);
    let (_, said, _) = process.finish(deadline()).unwrap();
    let text = fs::read_to_string(&to).unwrap();
    let lines: Vec<Value> = text.lines().map(json).collect();
    let finding = lines.iter().find(|line| line["kind"] == "finding");
    let finding = finding.unwrap_or_else(|| panic!("{kind}: {}", process.stderr()));
    let introductions = finding["descriptors"].as_array().unwrap();
    assert_eq!(introductions.len(), 1, "{kind}: {finding}");
    assert_eq!(introductions[0]["fd"], finding["fd"], "{kind}: {finding}");
    assert_eq!(introductions[0]["text"], said[0], "{kind}: {finding}");
}
