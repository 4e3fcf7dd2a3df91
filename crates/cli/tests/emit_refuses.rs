//! Every emitted file against every other kind of machine, in the languages that are compiled: it is
//! taken on its own and refused on all others.
//!
//! C, Zig, Go and Nim are asked through their own compilers for the other machine. rustc and gdc have
//! one machine each: their predefined names are exchanged for others of the same values
//! (`fake_arch`), so that the guard is still theirs to judge. bpftrace only knows this machine.

mod command;
mod emit_machines;

use command::{emitted, host};
use emit_machines::{Machine, between, files, identifier, machines, texts};
use epshim_harness::products::folder;
use epshim_harness::{tools, ziglang};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn every_kind_of_row_has_a_machine() {
    emit_machines::assert_complete();
}

/// All that a compiler said.
fn said(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

/// The names whose refusal is not among the errors.
fn not_refused(names: &[String], errors: &str) -> BTreeSet<String> {
    let is_refused = |name: &&String| {
        !errors.contains(&format!("event is for {name}\""))
            && !errors.contains(&format!("event is for {name}\n"))
    };
    names.iter().filter(is_refused).cloned().collect()
}

/// A compiler for the machine, with its C library where there is a cross compiler.
fn c_compiler(machine: &Machine) -> Option<Command> {
    let target = &machine.row.target;
    if machine.name() == "sh4-linux-gnu" {
        // clang has no SuperH.
        let program = target.compiler.split_whitespace().next().expect("every row has one");
        return tools::are_there(&[program]).then(|| Command::new(program));
    }
    let triple = if machine.is_linux() { target.clang.as_str() } else { "x86_64-unknown-freebsd" };
    let mut clang = Command::new("clang");
    clang.arg(format!("--target={triple}")).args(["-ffreestanding", "-nostdlibinc"]);
    if machine.is_glibc() && machine.is_linux() {
        clang.arg("-D__GLIBC__=2");
    }
    Some(clang)
}

#[test]
fn c() {
    if !tools::is_installed("clang") {
        return;
    }
    let folder = folder("emit-refuses-c");
    let names = files(&folder, "c", "h");
    let includes: String = names
        .iter()
        .map(|name| format!("#undef TARGET_EPOLL_H\n#include \"{}.h\"\n", identifier(name)))
        .collect();
    fs::write(folder.join("all.c"), includes).unwrap();
    for machine in machines() {
        let Some(mut compiler) = c_compiler(&machine) else { continue };
        let errors = said(compiler.arg("-E").arg(folder.join("all.c")).args(["-o", "/dev/null"]));
        let taken = not_refused(&names, &errors);
        assert_eq!(taken, machine.own_file(), "{} {}: {errors}", machine.name(), machine.os);
    }
}

/// The `cfg`s of a machine, with `fake` for `target`.
fn rust_cfgs(machine: &Machine) -> Vec<String> {
    let target = &machine.row.target;
    let Some(rust) = target.rust.first() else {
        let cfgs =
            [("os", "linux"), ("arch", &target.arch), ("endian", &target.endian), ("env", "gnu")];
        let cfgs = cfgs.iter().map(|(name, value)| format!("fake_{name}=\"{value}\""));
        let width = format!("fake_pointer_width=\"{}\"", target.pointer_width);
        return cfgs.chain([width]).collect();
    };
    let rust = if machine.is_linux() { rust.as_str() } else { "x86_64-unknown-freebsd" };
    let cfgs = said(Command::new("rustc").args(["--print=cfg", "--target", rust]));
    let cfgs = cfgs.lines().filter_map(|line| line.strip_prefix("target_"));
    cfgs.filter(|line| line.contains('=')).map(|line| format!("fake_{line}")).collect()
}

#[test]
fn rust() {
    let folder = folder("emit-refuses-rust");
    let (mut names, mut program) = (vec![], String::new());
    for (name, text) in texts("rust") {
        let guard = between(&text, "#[cfg(not(all(", ");\n").replace("target_", "fake_");
        writeln!(program, "#[cfg(not(all({guard});").unwrap();
        names.push(name);
    }
    let file = folder.join("lib.rs");
    fs::write(&file, program).unwrap();
    for machine in machines() {
        let mut rustc = Command::new("rustc");
        rustc.args(["--crate-type=lib", "--emit=metadata", "-Aunexpected_cfgs", "--out-dir"]);
        rustc.arg(&folder).arg(&file);
        for cfg in rust_cfgs(&machine) {
            rustc.args(["--cfg", &cfg]);
        }
        let errors = said(&mut rustc);
        let taken = not_refused(&names, &errors);
        assert_eq!(taken, machine.own_file(), "{} {}: {errors}", machine.name(), machine.os);
    }
}

#[test]
fn zig() {
    let folder = folder("emit-refuses-zig");
    let names = files(&folder, "zig", "zig");
    let imports: String = names
        .iter()
        .map(|name| format!("    _ = @import(\"{}.zig\");\n", identifier(name)))
        .collect();
    fs::write(folder.join("all.zig"), format!("comptime {{\n{imports}}}\n")).unwrap();
    for machine in machines().iter().filter(|machine| machine.zig != "-") {
        let Some(mut zig) = ziglang::zig() else { return };
        zig.args(["build-obj", "-fno-emit-bin", "-target", machine.zig, "all.zig"])
            .current_dir(&folder);
        let errors = said(&mut zig);
        // A name that this Zig does not have is refused as well, in other words.
        let is_refused = |name: &&String| errors.contains(&format!("{}.zig:", identifier(name)));
        let taken: BTreeSet<_> = names.iter().filter(|name| !is_refused(name)).cloned().collect();
        assert_eq!(taken, machine.own_file(), "{} {}: {errors}", machine.name(), machine.os);
    }
}

#[test]
fn go() {
    if !command::is_here("go", &["version"]) {
        return;
    }
    let folder = folder("emit-refuses-go");
    fs::write(folder.join("go.mod"), "module refuses\n\ngo 1.18\n").unwrap();
    let mut names = vec![];
    for (name, text) in texts("go") {
        fs::create_dir(folder.join(&name)).unwrap();
        fs::write(folder.join(&name).join("epoll.go"), text).unwrap();
        names.push(name);
    }
    for machine in machines().iter().filter(|machine| machine.go != "-") {
        let mut go = Command::new("go");
        go.args(["list", "-e", "-f", "{{.ImportPath}} {{len .GoFiles}}", "./..."]);
        go.current_dir(&folder).env("GOOS", machine.os).env("GOARCH", machine.go);
        let list = said(
            go.env("GOFLAGS", "").env("GOTOOLCHAIN", "local").env("GOCACHE", folder.join("cache")),
        );
        let is_taken = |name: &&String| list.contains(&format!("refuses/{name} 1\n"));
        let taken: BTreeSet<_> = names.iter().filter(is_taken).cloned().collect();
        let mut expected = machine.own_file();
        if machine.go == "386" {
            // Go calls the kernel, and needs no C library.
            expected = ["i686-linux-gnu", "i686-linux-musl"].map(str::to_owned).into();
        }
        assert_eq!(taken, expected, "{} {}: {list}", machine.name(), machine.os);
    }
}

#[test]
fn d() {
    if !tools::is_installed("gdc") {
        return;
    }
    let folder = folder("emit-refuses-d");
    let (mut names, mut program) = (vec![], String::new());
    for (name, text) in texts("d") {
        let guard = between(&text, "module epoll_abi;\n", "/// C's `struct");
        let guard = guard.replace("version (", "version (Fake_").replace("size_t.sizeof", "WIDTH");
        // gdc ends at the first assertion.
        let guard = guard.replace("static assert(0,", "pragma(msg,");
        program.push_str(&guard);
        names.push(name);
    }
    for machine in machines() {
        let file = folder.join(format!("{}_{}.d", identifier(machine.name()), machine.os));
        fs::write(&file, format!("enum WIDTH = {};\n{program}", machine.width())).unwrap();
        let mut gdc = Command::new("gdc");
        gdc.arg("-fsyntax-only").arg(file);
        let order = if machine.is_big() { "BigEndian" } else { "LittleEndian" };
        let library = if machine.is_glibc() { "CRuntime_Glibc" } else { "CRuntime_Musl" };
        let arches = machine.d.split(',').filter(|name| *name != "-");
        for version in [machine.os, order, library].into_iter().chain(arches) {
            gdc.arg(format!("-fversion=Fake_{version}"));
        }
        let errors = said(&mut gdc);
        let taken = not_refused(&names, &errors);
        let expected = if machine.d == "-" { BTreeSet::new() } else { machine.own_file() };
        assert_eq!(taken, expected, "{} {}: {errors}", machine.name(), machine.os);
    }
}

#[test]
fn nim() {
    if !tools::is_installed("nim") {
        return;
    }
    let folder = folder("emit-refuses-nim");
    // Nim ends at the first {.error.}: the conditions are asked for their value.
    let mut program = String::new();
    for (name, text) in texts("nim") {
        let condition = between(&text, "\nwhen not (", "):\n  {.error");
        writeln!(program, "when {condition}:\n  static: echo \"takes {name};\"").unwrap();
        fs::write(folder.join(format!("{}.nim", identifier(&name))), &text).unwrap();
        let c = between(&emitted("c", &name), "\n#if ", "\n#error").to_owned();
        assert!(text.contains(&format!("\n#if {c}\n#error")), "the C compiler's guard: {text}");
    }
    let file = folder.join("all.nim");
    fs::write(&file, program).unwrap();
    for machine in machines().iter().filter(|machine| machine.nim != "-") {
        let check = |file: &Path| {
            let mut nim = Command::new("nim");
            nim.args(["check", "--hints:off", "--skipParentCfg", "--skipUserCfg"]);
            nim.arg(format!("--cpu:{}", machine.nim)).arg(format!("--os:{}", machine.os));
            said(nim.arg(file))
        };
        // On its own machine the whole file is right, by Nim's own sizes.
        let own = check(&folder.join(format!("{}.nim", identifier(machine.name()))));
        assert_eq!(own.is_empty(), machine.is_linux(), "{}: {own}", machine.name());
        let out = check(&file);
        let taken: BTreeSet<_> = out
            .lines()
            .filter_map(|line| line.strip_prefix("takes ")?.strip_suffix(';'))
            .map(str::to_owned)
            .collect();
        let mut expected = machine.own_file();
        if machine.nim == "i386" {
            // The C compiler behind it tells the libraries apart.
            expected = ["i686-linux-gnu", "i686-linux-musl"].map(str::to_owned).into();
        }
        assert_eq!(taken, expected, "{} {}: {out}", machine.name(), machine.os);
    }
}

#[test]
fn bpftrace() {
    if !tools::is_installed("bpftrace") {
        return;
    }
    let folder = folder("emit-refuses-bpftrace");
    let parse = |path: &Path| said(Command::new("bpftrace").arg("-d").arg(path));
    for (name, text) in texts("bpftrace") {
        let file = folder.join(format!("{name}.bt"));
        fs::write(&file, text).unwrap();
        let said = parse(&file);
        let refused = said.contains(&format!("error: \"this epoll_event is for {name}\""));
        // What it says besides is the text itself, and the program for the kernel.
        assert_eq!(!refused, said.contains("\ndefine i64 "), "{name}: {said}");
        let own = machines().into_iter().find(|machine| machine.name() == name).unwrap();
        let is_host = own.row.target.rust.contains(&host());
        assert_eq!(refused, !is_host, "{name}: {said}");
    }
}
