//! One list of functions: what the header declares, what the library exports, and what
//! `tests/abi/functions.txt` says must be the same. The signatures are compared in `src/proof.rs`.
#![cfg(feature = "verify")]

use epshim_harness::c_compiler;
use std::collections::BTreeSet;
use std::process::Command;

/// The lines of the list: a function, and the version that added it.
fn list() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = include_str!("abi/functions.txt").lines();
    lines.map(|line| line.split_once(' ').unwrap_or_else(|| panic!("{line}: since when?")))
}

fn listed() -> BTreeSet<String> {
    list().map(|(name, _)| name.to_owned()).collect()
}

fn numbers(version: &str) -> [u32; 3] {
    let numbers: Vec<_> = version.split('.').map(|n| n.parse().expect("a number")).collect();
    numbers.try_into().expect("three numbers")
}

/// What bindgen finds in include/epshim.h.
fn declared() -> BTreeSet<String> {
    let generated = include_str!(concat!(env!("OUT_DIR"), "/epoll.rs"));
    let functions = generated.split("pub fn ").skip(1);
    let names = functions.filter_map(|text| text.split('(').next()).map(str::trim);
    names.filter(|name| name.starts_with("epshim_")).map(str::to_owned).collect()
}

/// Every dynamic symbol that libepshim.so defines, by any name.
#[cfg(not(target_feature = "crt-static"))] // Without a dynamic libc there is no libepshim.so.
fn exported() -> BTreeSet<String> {
    let library = c_compiler::library_folder().join("libepshim.so");
    let output = Command::new("nm").args(["-D", "--defined-only"]).arg(library).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let table = String::from_utf8(output.stdout).unwrap();
    table.lines().map(|line| line.split(' ').next_back().unwrap().to_owned()).collect()
}

#[test]
fn the_header_declares_the_listed_functions_and_no_other() {
    assert_eq!(declared(), listed());
}

#[test]
#[cfg(not(target_feature = "crt-static"))]
fn the_library_exports_the_listed_functions_and_no_other() {
    assert_eq!(exported(), listed());
}

#[test]
fn every_function_was_added_by_a_version_that_there_has_been() {
    let current = numbers(env!("CARGO_PKG_VERSION"));
    for (name, version) in list() {
        assert!(numbers(version) <= current, "{name} is to come with {version}");
    }
}

/// What Debian's packages of other programs will depend on.
#[test]
fn debian_has_the_same_list() {
    let symbols = include_str!("../debian/libepshim0.symbols");
    let (library, symbols) = symbols.split_once('\n').expect("the library, then its symbols");
    let soname = format!("libepshim.so.{}", env!("CARGO_PKG_VERSION_MAJOR"));
    assert_eq!(library, format!("{soname} libepshim0 #MINVER#"));
    let expected: Vec<_> = list().map(|(name, since)| format!(" {name}@Base {since}")).collect();
    assert_eq!(symbols.lines().collect::<Vec<_>>(), expected);
}

/// Programs ask the loader for this name, and not for the file that they were linked with.
#[test]
#[cfg(not(target_feature = "crt-static"))]
fn the_library_has_a_soname_with_the_major_version_and_runs_under_it() {
    let folder = c_compiler::library_folder();
    let name = format!("libepshim.so.{}", env!("CARGO_PKG_VERSION_MAJOR"));
    let output = Command::new("readelf").arg("-d").arg(folder.join("libepshim.so")).output();
    let table = String::from_utf8(output.expect("nm is here too").stdout).unwrap();
    assert!(table.contains(&format!("soname: [{name}]")), "{table}");
    // The link that lets programs run from the build's folders.
    let link = std::fs::canonicalize(folder.join(&name)).unwrap();
    assert_eq!(link, std::fs::canonicalize(folder.join("libepshim.so")).unwrap());
}

#[test]
fn the_header_has_the_version_of_the_package() {
    let header = include_str!("../include/epshim.h");
    let macros = [
        ("EPSHIM_VERSION_MAJOR", env!("CARGO_PKG_VERSION_MAJOR").to_owned()),
        ("EPSHIM_VERSION_MINOR", env!("CARGO_PKG_VERSION_MINOR").to_owned()),
        ("EPSHIM_VERSION_PATCH", env!("CARGO_PKG_VERSION_PATCH").to_owned()),
        ("EPSHIM_VERSION", format!("\"{}\"", env!("CARGO_PKG_VERSION"))),
    ];
    for (name, value) in macros {
        assert!(header.contains(&format!("#define {name} {value}\n")), "{name} is not {value}");
    }
}
