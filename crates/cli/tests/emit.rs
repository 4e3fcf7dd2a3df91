//! `epshim layout --emit` for this machine: each text is compiled or loaded by its own language's
//! tools, and does a real round trip with the kernel: the programs are in `round_trip/`.
//!
//! Three pipes in one wait, so that the distance between two events counts; 64 bits of data that
//! differ in every byte; edge-triggered, for the sign of EPOLLET; modified, deleted, refused.

mod command;

use command::{emitted, host, is_here};
use epshim_harness::c_compiler::WARNINGS;
use epshim_harness::process::{run, stdout_of};
use epshim_harness::products::folder;
use epshim_harness::{koffi, tools, ziglang};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder with what is emitted for this machine, and the program that uses it.
fn prepared(language: &str, file: &str, program: &str) -> PathBuf {
    let folder = folder(&format!("emit-{language}"));
    place(&folder, language, file, program);
    folder
}

fn place(folder: &Path, language: &str, file: &str, program: &str) {
    fs::write(folder.join(file), emitted(if language == "cpp" { "c" } else { language }, &host()))
        .unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/round_trip").join(program);
    fs::copy(source, folder.join(program)).unwrap();
}

/// The program says that its round trip is done.
fn round_trip(command: &mut Command) {
    assert_eq!(stdout_of(command), "round trip: ok\n", "{command:?}");
}

fn c11(compiler: &str) -> Command {
    let mut command = Command::new(compiler);
    command.arg("-std=c11").args(WARNINGS);
    command
}

#[test]
fn c() {
    let folder = prepared("c", "target_epoll.h", "round_trip.c");
    for compiler in ["cc", "clang"] {
        if compiler == "clang" && !tools::is_installed(compiler) {
            continue;
        }
        let program = folder.join(compiler);
        run(c11(compiler).arg(folder.join("round_trip.c")).arg("-o").arg(&program));
        round_trip(&mut Command::new(program));
        // Beside the real header, in either order.
        let header = folder.join("target_epoll.h");
        let mut check = c11(compiler);
        run(check.args(["-fsyntax-only", "-DTARGET_EPOLL_CHECK", "-x", "c"]).arg(&header));
        let mut after = c11(compiler);
        after.args(["-fsyntax-only", "-include", "sys/epoll.h", "-x", "c"]);
        run(after.arg("-DTARGET_EPOLL_CHECK").arg(&header));
    }
}

#[test]
fn cpp() {
    let folder = prepared("cpp", "target_epoll.h", "round_trip.c");
    for compiler in ["g++", "clang++"].into_iter().filter(|compiler| tools::is_installed(compiler))
    {
        for standard in ["c++11", "c++20"] {
            let program = folder.join(format!("{compiler}-{standard}"));
            let mut command = Command::new(compiler);
            command.args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-x", "c++"]);
            command.arg(format!("-std={standard}")).arg(folder.join("round_trip.c"));
            run(command.arg("-o").arg(&program));
            round_trip(&mut Command::new(program));
        }
    }
}

#[test]
fn rust() {
    let folder = prepared("rust", "epoll_abi.rs", "round_trip.rs");
    let program = folder.join("round_trip");
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition=2024", "-Dwarnings"]).arg(folder.join("round_trip.rs"));
    run(rustc.arg("-o").arg(&program));
    round_trip(&mut Command::new(program));
    for edition in ["2015", "2018", "2021"] {
        let mut rustc = Command::new("rustc");
        rustc.args(["--crate-type=lib", "--emit=metadata", "-Dwarnings", "--edition", edition]);
        run(rustc.arg("--out-dir").arg(&folder).arg(folder.join("epoll_abi.rs")));
    }
}

#[test]
fn python() {
    if tools::is_installed("python3") {
        let folder = prepared("python", "epoll_abi.py", "round_trip.py");
        let mut python = Command::new("python3");
        round_trip(python.args(["-B", "-W", "error"]).arg(folder.join("round_trip.py")));
    }
}

#[test]
fn node() {
    if let Some(folder) = koffi::folder() {
        // Node looks for packages beside the program.
        place(&folder, "node", "epoll_abi.mjs", "round_trip.mjs");
        round_trip(Command::new("node").arg(folder.join("round_trip.mjs")));
    }
}

#[test]
fn go() {
    if is_here("go", &["version"]) {
        let folder = prepared("go", "epoll.go", "round_trip.go");
        fs::create_dir(folder.join("epollabi")).unwrap();
        fs::rename(folder.join("epoll.go"), folder.join("epollabi/epoll.go")).unwrap();
        fs::write(folder.join("go.mod"), "module roundtrip\n\ngo 1.18\n").unwrap();
        let mut go = Command::new("go");
        go.args(["run", "."]).current_dir(&folder).env("GOCACHE", folder.join("cache"));
        round_trip(go.env("GOFLAGS", "").env("GOTOOLCHAIN", "local"));
    }
}

#[test]
fn zig() {
    if let Some(mut zig) = ziglang::zig() {
        let folder = prepared("zig", "epoll_abi.zig", "round_trip.zig");
        zig.args(["build-exe", "-lc", "-femit-bin=round_trip", "round_trip.zig"]);
        run(zig.current_dir(&folder));
        round_trip(&mut Command::new(folder.join("round_trip")));
    }
}

#[test]
fn d() {
    if tools::is_installed("gdc") {
        let folder = prepared("d", "epoll_abi.d", "round_trip.d");
        let program = folder.join("round_trip");
        let mut gdc = Command::new("gdc");
        gdc.args(["-Wall", "-Werror"])
            .args(["round_trip.d", "epoll_abi.d"].map(|file| folder.join(file)));
        run(gdc.arg("-o").arg(&program));
        round_trip(&mut Command::new(program));
    }
}

#[test]
fn nim() {
    if tools::is_installed("nim") {
        let folder = prepared("nim", "epoll_abi.nim", "round_trip.nim");
        let mut nim = Command::new("nim");
        nim.args(["c", "--hints:off", "--nimcache:cache", "-o:round_trip", "round_trip.nim"]);
        let said = stdout_of(nim.current_dir(&folder));
        assert_eq!(said, "", "a warning");
        round_trip(&mut Command::new(folder.join("round_trip")));
    }
}

#[test]
fn csharp() {
    if tools::is_installed("mcs") && tools::is_installed("mono") {
        let folder = prepared("csharp", "Epoll.cs", "RoundTrip.cs");
        let mut mcs = Command::new("mcs");
        mcs.args(["-warnaserror", "-out:round_trip.exe", "RoundTrip.cs", "Epoll.cs"]);
        run(mcs.current_dir(&folder));
        round_trip(Command::new("mono").arg(folder.join("round_trip.exe")));
    }
}
