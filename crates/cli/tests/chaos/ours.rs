//! Our echo servers, and the twins of the planted bugs.

use crate::survives::{seeds, serves, survives_at};
use crate::{programs, text, turn};
use epshim_harness::c_compiler::{build, c11};
use epshim_harness::cargo;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

/// Each with the 16 seeds that have every kind of fault at every place, at the least.
#[test]
fn the_twins_of_the_planted_bugs_survive() {
    thread::scope(|scope| {
        for program in programs().into_iter().filter(|program| !program.is_brutal()) {
            scope.spawn(move || {
                let _turn = turn();
                let (path, name) = (program.build(true), format!("{}-right", program.name));
                let is_reached = survives_at(&name, "rough", (1, seeds(16)), &[], &[text(&path)]);
                assert!(is_reached, "{name}: no fault could be made");
            });
        }
    });
}

#[test]
fn our_echo_server_in_c_survives() {
    let mut command = of_c(&["echo", "echo_program"]);
    let server = build(command.arg("-DEPSHIM_ORACLE"), "chaos-echo-c");
    echoes("echo-c", &server);
}

#[test]
fn our_echo_server_in_rust_survives() {
    echoes("echo-rust", &cargo::example("epshim", "echo", &[]).unwrap());
}

#[test]
fn our_echo_server_on_the_reactor_survives() {
    let library = cargo::built("epshim-capi", "libepshim.so");
    let library = library.parent().unwrap();
    let mut command = of_c(&["echo_program"]);
    command.arg(cargo::root().join("c_tests/echo_reactor.c")).arg("-L").arg(library);
    command.args(["-lepshim", &format!("-Wl,-rpath,{}", library.display())]);
    echoes("echo-reactor", &build(&mut command, "chaos-echo-reactor"));
}

/// The compiler, with the C files of these folders of `c_tests`.
fn of_c(folders: &[&str]) -> Command {
    let (root, tests) = (cargo::root(), cargo::root().join("c_tests"));
    let mut command = c11();
    command.args(["-g", "-O1", "-pthread", "-I"]).arg(root.join("include")).arg("-I").arg(&tests);
    command.args(folders.iter().flat_map(|folder| sources(&tests.join(folder))));
    command
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|end| end == "c")).collect()
}

fn echoes(name: &str, server: &Path) {
    serves(name, &["echo_client.py"], None, &[text(server), "--port", "0"]);
}
