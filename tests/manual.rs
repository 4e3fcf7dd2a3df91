//! The manual pages: clean under mandoc's own check, and in section 3 the prototypes of
//! `include/epshim.h`. The options of the command are held by `crates/cli/tests/manual.rs`.
#![cfg(feature = "verify")]

use epshim_harness::tools;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const HEADER: &str = include_str!("../include/epshim.h");

fn pages() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
    let entries = fs::read_dir(folder).expect("the pages are in man/");
    let mut pages: Vec<_> = entries.map(|entry| entry.expect("readable").path()).collect();
    pages.sort();
    pages
}

/// mandoc has no `--version`; any page will do.
fn mandoc_is_installed() -> bool {
    let lint = Command::new("mandoc").args(["-T", "lint", "/dev/null"]).output();
    lint.is_ok() || tools::is_installed("mandoc")
}

/// The page as text, without the marks for bold and underlined letters, and without white space.
fn rendered(page: &Path) -> String {
    let output = Command::new("mandoc").args(["-T", "ascii"]).arg(page).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let mut letters: Vec<char> = Vec::new();
    for letter in text.chars() {
        match letter {
            // A letter struck over another.
            '\u{8}' => drop(letters.pop()),
            _ => letters.push(letter),
        }
    }
    letters.retain(|letter| !letter.is_whitespace());
    letters.into_iter().collect()
}

/// The prototypes of the header as `(name, text without white space)`, the callback's type included.
fn prototypes() -> Vec<(String, String)> {
    let (_, declarations) = HEADER.split_once("extern \"C\" {").expect("the functions are C's");
    let mut code = String::new();
    for (number, part) in declarations.split("/*").enumerate() {
        let text = if number == 0 { part } else { part.split_once("*/").expect("it ends").1 };
        code.extend(text.lines().filter(|line| !line.starts_with('#')).flat_map(|l| [l, "\n"]));
    }
    let declarations = code.split_inclusive(';').filter(|text| text.contains('('));
    let compact = declarations.map(|text| text.split_whitespace().collect::<String>());
    let named = compact.map(|text| {
        let from = text.find("epshim_").expect("our prefix");
        let rest = &text[from..];
        (rest[..rest.find(['(', ')']).expect("a function")].to_owned(), text)
    });
    named.collect()
}

#[test]
fn mandoc_finds_nothing_to_complain_about() {
    if !mandoc_is_installed() {
        return;
    }
    assert!(pages().len() >= 6, "{:?}", pages());
    // It looks for the pages that ours refer to beside them, and in the system.
    let mut lint = Command::new("mandoc");
    lint.current_dir(pages()[0].parent().expect("the folder")).args(["-T", "lint"]);
    let names = pages().into_iter().map(|page| page.file_name().expect("a file").to_owned());
    let complaints = String::from_utf8(lint.args(names).output().unwrap().stdout).unwrap();
    // Whether the pages of libc are installed is this machine's matter.
    let ours = complaints
        .lines()
        .filter(|line| !line.contains("referenced manual not found") || line.contains("Xr epshim"));
    assert_eq!(ours.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn every_function_of_the_header_has_its_prototype_in_its_page() {
    if !mandoc_is_installed() {
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
    let general = rendered(&folder.join("epshim.3"));
    let reactor = rendered(&folder.join("epshim_reactor.3"));
    let prototypes = prototypes();
    let listed = include_str!("abi/functions.txt").lines();
    assert_eq!(prototypes.len(), listed.count() + 1, "the functions and the callback's type");
    for (name, text) in prototypes {
        let reactors = name.starts_with("epshim_reactor_") || name == "epshim_callback";
        let page = if reactors { &reactor } else { &general };
        let (synopsis, description) = page.split_once("DESCRIPTION").expect("mdoc's sections");
        let synopsis = synopsis.split_once("SYNOPSIS").expect("mdoc's sections").1;
        assert!(synopsis.contains(&text), "{text} is not in the SYNOPSIS: {synopsis}");
        assert!(description.contains(&name), "{name} is not described");
    }
}

#[test]
fn no_page_has_a_prototype_that_the_header_has_not() {
    let known = prototypes();
    for page in ["epshim.3", "epshim_reactor.3"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("man").join(page);
        let text = fs::read_to_string(path).unwrap();
        let shown: Vec<_> = text.lines().filter_map(|line| line.strip_prefix(".Fo ")).collect();
        assert!(shown.len() > 10, "{page}: {shown:?}");
        for name in shown {
            assert!(known.iter().any(|(known, _)| known == name), "{page}: {name}");
        }
    }
}
