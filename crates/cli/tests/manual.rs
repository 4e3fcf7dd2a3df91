//! The manual pages name the options that the command has, and no other.

mod command;

use command::output;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The page that describes a subcommand; some share one.
fn page_of(subcommand: &str) -> String {
    match subcommand {
        "run" => "epshim-check.1".to_owned(),
        "explain" => "epshim-rules.1".to_owned(),
        other => format!("epshim-{other}.1"),
    }
}

fn text_of(page: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../man").join(page);
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
    let page = text_of("epshim.1");
    for name in subcommands() {
        assert!(page.contains(&format!(".It Cm {name}")), "{name} is not in epshim.1");
        assert!(page.contains(&format!(".Cm {name}\n")), "{name} is not in its SYNOPSIS");
    }
    assert_eq!(options_in(&page), options_of(&output(&["--help"])));
}

#[test]
fn a_page_has_the_options_of_its_subcommands_and_no_other() {
    let mut pages = BTreeMap::<_, BTreeSet<_>>::new();
    for name in subcommands() {
        let options = options_of(&output(&[&name, "--help"]));
        assert!(options.contains("help"), "{name}: {options:?}");
        pages.entry(page_of(&name)).or_default().extend(options);
    }
    for (page, options) in pages {
        assert_eq!(options_in(&text_of(&page)), options, "{page} against --help");
    }
}
