//! `epshim layout --emit cdef` and `--emit ruby`: the text is loaded as its own heading says, and does
//! a round trip with the kernel; the programs are in `round_trip/`.
//!
//! The same declarations go to LuaJIT, PHP and cffi, unchanged.

mod command;

use command::{emitted, host, json, output};
use epshim_harness::process::stdout_of;
use epshim_harness::products::folder;
use epshim_harness::tools;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// The lines of the heading below a language's name.
fn loader(text: &str, language: &str) -> String {
    let lines = text.lines().skip_while(|line| *line != format!(" * {language}")).skip(1);
    let lines = lines.map_while(|line| line.strip_prefix(" *     "));
    let lines: String = lines.map(|line| format!("{line}\n")).collect();
    assert_eq!(lines.lines().count(), 2, "{language}: {text}");
    lines
}

/// Size, and place of the data, as `{size}` and `{offset}` in a text.
fn numbers(text: &str) -> String {
    let row = json(&output(&["layout", "--json", "--target", &host()]));
    let number =
        |name: &str| row["layout"][name].as_u64().unwrap_or_else(|| panic!("{name}: {row}"));
    let text = text.replace("{size}", &number("size").to_string());
    text.replace("{offset}", &number("data_offset").to_string())
}

/// A program: this first line, what the heading says, and the round trip.
fn program(language: &str, first: &str, name: &str, round_trip: &str) -> PathBuf {
    let folder = folder(&format!("emit-cdef-{name}"));
    let text = emitted("cdef", &host());
    let first = first.replace("{path}", folder.join("epoll.cdef").to_str().expect("UTF-8"));
    let program = format!("{}\n{}{round_trip}", numbers(&first), loader(&text, language));
    fs::write(folder.join("epoll.cdef"), text).unwrap();
    let file = folder.join(name);
    fs::write(&file, program).unwrap();
    file
}

/// The program says that its round trip is done.
fn round_trip(command: &mut Command) {
    assert_eq!(stdout_of(command), "round trip: ok\n", "{command:?}");
}

#[test]
fn luajit() {
    if tools::are_there(&["luajit"]) {
        let first =
            "local ffi, path = require 'ffi', '{path}' SIZE, DATA_OFFSET = {size}, {offset}";
        let text = include_str!("round_trip/round_trip.lua");
        round_trip(Command::new("luajit").arg(program("LuaJIT", first, "round_trip.lua", text)));
    }
}

#[test]
fn php() {
    if tools::is_installed("php") {
        let first = "<?php declare(strict_types=1); $path = '{path}'; const SIZE = {size};";
        let file =
            program("PHP", first, "round_trip.php", include_str!("round_trip/round_trip.php"));
        round_trip(Command::new("php").args(["-d", "ffi.enable=1"]).arg(file));
    }
}

#[test]
fn cffi() {
    let has_cffi = |python: &&str| {
        let output = Command::new(python).args(["-c", "import cffi"]).output();
        output.is_ok_and(|output| output.status.success())
    };
    let Some(python) = ["python3", "/usr/bin/python3"].into_iter().find(has_cffi) else {
        return tools::skip("no Python has cffi");
    };
    let first = "import ctypes, os, sys, cffi\nffi, path, SIZE, DATA_OFFSET = cffi.FFI(), '{path}', {size}, {offset}";
    let text = include_str!("round_trip/round_trip_cffi.py");
    round_trip(Command::new(python).arg(program("Python, cffi", first, "round_trip.py", text)));
}

#[test]
fn ruby() {
    if !tools::is_installed("ruby") {
        return;
    }
    let gem = Command::new("ruby").args(["-r", "ffi", "-e", "1"]).output();
    if !gem.is_ok_and(|output| output.status.success()) {
        return tools::skip("Ruby has no gem ffi");
    }
    let folder = folder("emit-ruby");
    fs::write(folder.join("epoll_abi.rb"), emitted("ruby", &host())).unwrap();
    let file = folder.join("round_trip.rb");
    fs::write(&file, include_str!("round_trip/round_trip.rb")).unwrap();
    round_trip(Command::new("ruby").arg("-w").arg(file));
}
