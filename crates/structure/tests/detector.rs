//! The detector on small crates that are written down here: it must find each circle, and no other.

use epshim_structure::{Circle, Crate};
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

/// The crate of these files; the first is its root.
fn read(files: &[(&str, &str)]) -> Crate {
    Crate::read(Path::new(files[0].0), |path| {
        let file = files.iter().find(|(name, _)| Path::new(name) == path);
        file.map(|(_, text)| (*text).to_owned()).ok_or(Error::from(ErrorKind::NotFound))
    })
    .expect("a crate")
}

fn circles(files: &[(&str, &str)]) -> Vec<String> {
    read(files).circles().iter().map(Circle::to_string).collect()
}

/// That these files make one circle, which begins so.
#[track_caller]
fn make(circle: &str, files: &[(&str, &str)]) {
    let found = circles(files);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].lines().next(), Some(circle));
}

#[track_caller]
fn make_none(files: &[(&str, &str)]) {
    assert_eq!(circles(files), [""; 0]);
}

const LIB: &str = "mod a; mod b; pub use a::A; pub use b::B;";

#[test]
fn two_files_that_import_each_other_are_a_circle_and_the_lines_are_named() {
    let a = "use crate::b::B;\npub struct A(Option<Box<B>>);\npub fn a(_: B) {}";
    let found = circles(&[
        ("lib.rs", LIB),
        ("a.rs", a),
        ("b.rs", "\nuse crate::{a, a::A};\npub struct B(A);"),
    ]);
    let expected = "a.rs -> b.rs -> a.rs\n    a.rs:1: crate::b::B\n    a.rs:2,3: B\n    b.rs:2: crate::a::A\n    b.rs:3: A";
    assert_eq!(found, [expected]);
}

#[test]
fn files_that_name_each_other_one_way_are_none() {
    make_none(&[
        ("lib.rs", LIB),
        ("a.rs", "pub struct A;"),
        ("b.rs", "use crate::a::A;\npub struct B(A);"),
    ]);
}

#[test]
fn a_longer_circle_is_found_and_the_shortest_is_shown() {
    let lib = "mod a; mod b; mod c; mod d;";
    let files = [
        ("lib.rs", lib),
        ("a.rs", "pub struct A(crate::b::B);"),
        ("b.rs", "pub struct B(crate::c::C);"),
        ("c.rs", "pub struct C(crate::a::A, crate::d::D);"),
        ("d.rs", "pub struct D;"),
    ];
    make("a.rs -> b.rs -> c.rs -> a.rs", &files);
    let mut files = files;
    files[4].1 = "pub struct D(crate::c::C);";
    make("c.rs -> d.rs -> c.rs (of 4 files that hang together)", &files);
}

#[test]
fn two_circles_that_do_not_touch_are_two() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c; mod d;"),
        ("a.rs", "pub fn a() { crate::b::b() }"),
        ("b.rs", "pub fn b() { crate::a::a() }"),
        ("c.rs", "pub fn c() { crate::d::d() }"),
        ("d.rs", "pub fn d() { crate::c::c(); crate::a::a() }"),
    ];
    assert_eq!(circles(&files).len(), 2);
}

#[test]
fn a_path_in_an_expression_a_type_or_a_bound_counts_as_an_import_does() {
    for a in [
        "pub fn a() { let _ = crate::b::b(); }",
        "pub fn a(_: &crate::b::B) {}",
        "pub fn a<T: crate::b::B>(_: T) {}",
        "pub struct A; impl crate::b::B for A {}",
        "pub fn a() { Vec::<crate::b::B>::new(); }",
        "pub fn a(it: u8) { if let crate::b::B::C = it {} }",
        "pub fn a() { use crate::b::b; b() }",
        "use crate::b as other; pub fn a() { other::b() }",
        "pub mod inner { pub fn a() { super::super::b::b() } }",
    ] {
        make(
            "a.rs -> b.rs -> a.rs",
            &[("lib.rs", LIB), ("a.rs", a), ("b.rs", "use crate::a;\nfn b() { a::a() }")],
        );
    }
}

#[test]
fn a_path_in_a_macro_s_or_an_attribute_s_arguments_counts() {
    for a in [
        "pub fn a() { println!(\"{}\", crate::b::b()); }",
        "use crate::b; pub fn a() { assert_eq!(1, 1, \"{}\", [b::b()].len()) }",
        "pub struct A { #[arg(value_parser = crate::b::b)] pub a: u8 }",
        "made! { pub struct A: u32 { const IN = crate::b::B; } }",
        "macro_rules! a { () => { $crate::b::B } }",
    ] {
        make(
            "a.rs -> b.rs -> a.rs",
            &[("lib.rs", LIB), ("a.rs", a), ("b.rs", "pub type B = crate::a::A;")],
        );
    }
    // A field, a method, a lifetime, a range, a variable of the macro: of these only the range names.
    let b = "pub struct B; pub const END: u8 = 1; fn b(_: crate::a::A) {}";
    let a = |it: &str| format!("use crate::b::*; pub fn a() {{ m!({it}) }}");
    for (it, is_named) in
        [("x.END", false), ("x.END()", false), ("'END", false), ("$END", false), ("0..END", true)]
    {
        // The import of everything counts already; one of a function's own module does not.
        let a = a(it).replace(
            "use crate::b::*;",
            "mod inner { pub use super::super::b::END; } use inner::*;",
        );
        let lines = circles(&[("lib.rs", LIB), ("a.rs", &a), ("b.rs", b)]).concat();
        assert_eq!(lines.contains("a.rs:1: END"), is_named, "{it}: {lines}");
    }
}

#[test]
fn a_child_and_its_parent_that_name_each_other_are_a_circle() {
    let parent = "mod child; pub struct Parent(child::Child);";
    for child in [
        "pub struct Child(super::Parent);",
        "use super::Parent;",
        "use super::{self as parent, *};",
    ] {
        let files = [("lib.rs", "mod parent;"), ("parent.rs", parent), ("parent/child.rs", child)];
        make("parent.rs -> parent/child.rs -> parent.rs", &files);
    }
}

#[test]
fn a_parent_that_only_declares_and_passes_names_on_is_in_no_circle() {
    let files = [
        ("lib.rs", "mod parent; pub use parent::{One, Two};"),
        ("parent.rs", "mod one; mod two; pub use one::One; pub use two::*;"),
        ("parent/one.rs", "pub struct One;"),
        ("parent/two.rs", "pub struct Two(super::One, crate::One, crate::parent::One);"),
    ];
    make_none(&files);
    let mut files = files;
    files[2].1 = "pub struct One(super::Two);";
    make("parent/one.rs -> parent/two.rs -> parent/one.rs", &files);
}

#[test]
fn a_module_in_braces_is_of_its_file_and_its_name_alone_is_no_arrow() {
    let files = [
        ("lib.rs", LIB),
        ("a.rs", "use crate::b; pub mod inner { pub struct A; } fn a() { b::b() }"),
        ("b.rs", "use crate::a; pub fn b() {}"),
    ];
    make_none(&files);
    let mut files = files;
    files[2].1 = "pub fn b(_: crate::a::inner::A) {}";
    make("a.rs -> b.rs -> a.rs", &files);
}

#[test]
fn what_only_tests_have_is_left_out() {
    for b in [
        "pub fn b() {} #[cfg(test)] mod tests { use crate::a::A; }",
        "pub fn b() {} #[cfg(all(test, unix))] fn test() { crate::a::a() }",
        "#[cfg(test)] use crate::a::A; pub fn b() {}",
        "pub struct B; impl B { #[cfg(test)] fn b(_: crate::a::A) {} } pub fn b() {}",
    ] {
        make_none(&[("lib.rs", LIB), ("a.rs", "pub fn a() { crate::b::b() }"), ("b.rs", b)]);
    }
    let b =
        "pub fn b() {} #[cfg(not(test))] use crate::a::a; #[cfg(any(test, unix))] use crate::a::a;";
    make(
        "a.rs -> b.rs -> a.rs",
        &[("lib.rs", LIB), ("a.rs", "pub fn a() { crate::b::b() }"), ("b.rs", b)],
    );
}

#[test]
fn files_are_found_as_rustc_finds_them() {
    let files = [
        ("src/main.rs", "mod a; mod b { mod c; } #[path = \"../other/d.rs\"] mod d;"),
        ("src/a/mod.rs", "mod e;"),
        ("src/a/e.rs", "#[path = \"x.rs\"]\nmod f;"),
        ("src/a/x.rs", ""),
        ("src/b/c.rs", ""),
        ("other/d.rs", "mod g;"),
        ("other/g.rs", ""),
    ];
    let found = read(&files);
    let mut paths: Vec<_> = found.files().iter().map(|file| file.path.clone()).collect();
    paths.sort();
    let mut expected: Vec<_> = files.iter().map(|(path, _)| PathBuf::from(path)).collect();
    expected.sort();
    assert_eq!(paths, expected);
    let lines: usize = found.files().iter().map(|file| file.lines).sum();
    assert_eq!(lines, 5);
}

#[test]
fn a_file_that_is_missing_or_no_rust_is_an_error_with_its_name() {
    let none = |path: &Path| Err::<String, _>(Error::other(path.display().to_string()));
    assert!(Crate::read(Path::new("lib.rs"), none).unwrap_err().starts_with("lib.rs: "));
    let broken = |_: &Path| Ok("fn main() {}\nfn ;".to_owned());
    assert!(Crate::read(Path::new("lib.rs"), broken).unwrap_err().starts_with("lib.rs:2: "));
}

#[test]
fn a_macro_is_where_it_is_defined_and_a_name_made_by_one_is_in_its_module() {
    let a = "made! { A, B } pub fn a() { say!() }";
    let b = "macro_rules! say { () => {} } fn b(_: crate::a::C) {}";
    make("a.rs -> b.rs -> a.rs", &[("lib.rs", LIB), ("a.rs", a), ("b.rs", b)]);
}

#[test]
fn another_crate_s_items_are_outside_whatever_they_are_called() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        (
            "a.rs",
            "use b::b as of_the_other_crate; use a::a; pub struct A; fn f() { of_the_other_crate(); a() }",
        ),
        ("b.rs", "use ::a::A as Other; use std::fmt; pub use libc::*; fn f(_: crate::a::A) {}"),
    ];
    make_none(&files);
}

#[test]
fn a_module_that_is_given_to_a_macro_is_read() {
    let lib =
        "list! { #[named(A)] mod a; mod b; #[cfg(test)] mod c; } fn f() { list! { not, items } }";
    make(
        "a.rs -> b.rs -> a.rs",
        &[
            ("lib.rs", lib),
            ("a.rs", "pub struct A(crate::b::B);"),
            ("b.rs", "pub struct B(crate::a::A);"),
        ],
    );
}
