//! The manual pages name the options that the command has, and no other.

#[path = "support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use support::output;

/// The subcommands that have a page of their own; `epshim.1` has the others.
fn page_of(subcommand: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../man");
    let own = folder.join(format!("epshim-{subcommand}.1"));
    let path = if own.is_file() { own } else { folder.join("epshim.1") };
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The subcommands that `epshim --help` lists.
fn subcommands() -> Vec<String> {
    let help = output(&["--help"]);
    let (_, list) = help.split_once("Commands:\n").expect("it has subcommands");
    let (list, _) = list.split_once("\n\n").expect("the options follow");
    let names = list.lines().filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

/// The long options in a help text: words in the first column of its lists.
fn options_of(help: &str) -> BTreeSet<String> {
    let lines = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
    let words = lines.flat_map(|line| line.split([' ', ',', '=', '[']).take(4));
    words
        .filter_map(|word| word.strip_prefix("--"))
        .filter(|n| !n.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The long options that a page documents: `.It Fl -name`, `.It Fl x , Fl -name`.
fn options_in(page: &str) -> BTreeSet<String> {
    let items = page.lines().filter(|line| line.starts_with(".It Fl"));
    let words = items.flat_map(str::split_whitespace);
    words.filter_map(|word| word.strip_prefix('-')).map(str::to_owned).collect()
}

#[test]
fn the_first_page_has_every_subcommand_and_general_option() {
    let page = page_of("");
    for name in subcommands() {
        assert!(page.contains(&format!(".It Cm {name}")), "{name} is not in epshim.1");
    }
    assert_eq!(options_in(&page), options_of(&output(&["--help"])));
}

#[test]
fn the_page_of_a_subcommand_has_its_options_and_no_other() {
    for name in subcommands() {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../man/epshim-{name}.1"));
        let help = options_of(&output(&[&name, "--help"]));
        assert!(help.contains("help"), "{name}: {help:?}");
        let page = options_in(&page_of(&name));
        if own.is_file() {
            assert_eq!(page, help, "epshim-{name}.1 against epshim {name} --help");
        } else {
            assert!(page.is_superset(&help), "{name}: {help:?} is not all in epshim.1");
        }
    }
}
