//! The C library as it is installed: how large it is, what it needs and exports, how it is protected, and what
//! it says when it has a bug. That it keeps its promises is in `tests/c_programs.rs`.
#![cfg(all(feature = "verify", not(target_feature = "crt-static")))]

use epshim_harness::c_compiler::{build, c11, compiler, link_with_epshim};
use epshim_harness::c_library::{archive, folder, shared};
use epshim_harness::process::{run, stdout_of};
use epshim_harness::products::product;
use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a program of binutils prints about a file.
fn said(program: &str, options: &[&str], file: &Path) -> String {
    stdout_of(Command::new(program).args(options).arg(file))
}

/// The functions of the C ABI.
fn listed() -> BTreeSet<String> {
    let lines = include_str!("abi/functions.txt").lines();
    lines.map(|line| line.split(' ').next().expect("a name").to_owned()).collect()
}

/// The last word of each line of a table of nm.
fn names(table: &str) -> BTreeSet<String> {
    let lines = table.lines().filter(|line| line.contains(' '));
    lines.map(|line| line.split(' ').next_back().expect("a word").to_owned()).collect()
}

/// The size of a file without what `strip` takes away with this option.
fn stripped(file: &Path, option: &str, name: &str) -> u64 {
    let copy = product(name);
    run(Command::new("strip").arg(option).arg("-o").arg(&copy).arg(file));
    copy.metadata().expect("strip has written it").len()
}

#[test]
fn the_libraries_have_at_most_28_and_48_kib() {
    let size = stripped(&shared(), "--strip-unneeded", "small-shared");
    assert!(size <= 28 << 10, "libepshim.so has {size} bytes");
    let size = archive().metadata().expect("make has written it").len();
    assert!(size <= 48 << 10, "libepshim.a has {size} bytes");
}

/// A static program that says hello, and the same on libc's own functions.
#[test]
fn a_static_program_has_at_most_1_05_times_the_size_of_one_on_libc() {
    let source = std::fs::read_to_string(root().join("examples/hello.c")).unwrap();
    let size = |name: &str, source: &str, rest: &[&Path]| {
        let file = product(format!("{name}.c"));
        std::fs::write(&file, source).unwrap();
        let mut command = compiler();
        command.args(["-O2", "-static", "-I"]).arg(root().join("include"));
        command.arg(&file).args(rest);
        let program = build(&mut command, name);
        let said = stdout_of(&mut Command::new(&program));
        assert!(said.contains("data 42 says \"hello\""), "{said}");
        stripped(&program, "--strip-all", &format!("{name}-stripped"))
    };
    let on_epshim = size("hello-on-epshim", &source, &[&archive()]);
    // The calls become libc's, which has no version to tell.
    let source = source.replace("epshim_version()", "\"-\"");
    let oracle = root().join("c_tests/oracle.h");
    let on_libc = size(
        "hello-on-libc",
        &source,
        &[Path::new("-DEPSHIM_ORACLE"), Path::new("-include"), &oracle],
    );
    assert!(on_epshim * 100 <= on_libc * 105, "{on_epshim} bytes, on libc {on_libc}");
}

#[test]
fn it_exports_the_listed_functions_and_needs_libc_alone() {
    assert_eq!(names(&said("nm", &["-D", "--defined-only"], &shared())), listed());
    let table = said("readelf", &["-dW"], &shared());
    let needed: Vec<_> = table.lines().filter(|line| line.contains("(NEEDED)")).collect();
    assert!(matches!(&needed[..], [one] if one.contains("[libc.so")), "{needed:?}");
    let soname = format!("[libepshim.so.{}]", env!("CARGO_PKG_VERSION_MAJOR"));
    assert!(
        table.lines().any(|line| line.contains("(SONAME)") && line.contains(&soname)),
        "{table}"
    );
    assert!(folder().join(&soname[1..soname.len() - 1]).exists(), "no link has its SONAME");
}

#[test]
fn the_archive_is_one_object_without_a_name_that_is_not_ours() {
    assert_eq!(said("ar", &["t"], &archive()), "epshim.o\n");
    assert_eq!(names(&said("nm", &["-g", "--defined-only"], &archive())), listed());
}

/// The way out of a panic is abort: what unwinds in Rust is nowhere. Tables are there still, for pthread_cancel.
#[test]
fn nothing_refers_to_an_unwinder() {
    for (file, options) in [(shared(), &["-D"][..]), (shared(), &[]), (archive(), &[])] {
        let table = said("nm", options, &file);
        assert!(!table.contains("personality") && !table.contains("_Unwind_"), "{table}");
        assert!(said("readelf", &["-SW"], &file).contains(".eh_frame "), "{}", file.display());
    }
}

#[test]
fn it_is_protected_as_far_as_a_linker_can() {
    let segments = said("readelf", &["-lW"], &shared());
    let stack = segments.lines().find(|line| line.contains("GNU_STACK")).expect("it is said");
    assert!(stack.contains(" RW ") && segments.contains("GNU_RELRO"), "{segments}");
    let loaded = segments.lines().filter(|line| line.contains(" LOAD "));
    assert!(loaded.clone().count() > 1 && loaded.clone().all(|line| !line.contains("RWE")));
    let dynamic = said("readelf", &["-dW"], &shared());
    assert!(dynamic.contains("BIND_NOW") && !dynamic.contains("TEXTREL"), "{dynamic}");
}

#[test]
fn a_bug_of_the_library_says_where_and_ends_the_program() {
    for name in ["panic-shared", "panic-static"] {
        let mut command = c11();
        command.arg("-I").arg(root().join("include")).arg(root().join("c_tests/panic.c"));
        match name {
            "panic-shared" => link_with_epshim(&mut command, &folder()),
            _ => command.arg(archive()),
        };
        let output = Command::new(build(&mut command, name)).output().unwrap();
        assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{name}: {output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        let line = said.strip_prefix("epshim: panicked at src/buffer.rs:");
        let line = line.and_then(|rest| rest.strip_suffix('\n'));
        assert!(line.is_some_and(|number| number.parse::<u32>().is_ok()), "{name}: {said}");
    }
}
