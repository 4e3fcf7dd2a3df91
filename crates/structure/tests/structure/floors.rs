//! The floors of the checker: what is known, what is due, the rules, and what is above them. A file names
//! files of its own floor and of those below, and no file but a rule's own names it.

use epshim_structure::{Crate, Project};
use std::fs;
use std::path::Path;

/// From the ground up. All other files are above.
const FLOORS: [&str; 3] = ["model", "engine", "rules"];
const CHECK: &str = "crates/check/src";

fn floor(path: &Path) -> usize {
    let inside = path.strip_prefix(CHECK).expect("a file of the checker");
    let name = inside.components().next().expect("a name").as_os_str().to_str().expect("UTF-8");
    let name = name.strip_suffix(".rs").unwrap_or(name);
    FLOORS.iter().position(|floor| *floor == name).unwrap_or(FLOORS.len())
}

fn checker(project: &Project) -> Crate {
    project.read_crate(&Path::new(CHECK).join("lib.rs")).expect("Rust")
}

#[test]
fn no_floor_of_the_checker_names_one_above_it() {
    let project = Project::here().expect("a workspace");
    let source = checker(&project);
    let up = source.all_arrows().into_iter().filter(|arrow| floor(&arrow.from) < floor(&arrow.to));
    let up: Vec<_> =
        up.map(|one| format!("{} -> {}", one.from.display(), one.to.display())).collect();
    assert!(up.is_empty(), "{up:?}");
    for place in 0..=FLOORS.len() {
        assert!(source.files().iter().any(|file| floor(&file.path) == place), "no floor {place}");
    }
}

/// The rules in their list: names of their types, and files.
fn rules(project: &Project) -> Vec<(String, String)> {
    let list = fs::read_to_string(project.folder.join(CHECK).join("rules.rs")).expect("the list");
    let lines = list.lines().filter_map(|line| line.trim().strip_prefix("#[rule("));
    let rule = |line: &str| {
        let (name, file) = line.split_once(")] mod ").expect("a rule");
        (name.to_owned(), file.trim_end_matches(';').to_owned())
    };
    lines.filter(|line| line.ends_with(';')).map(rule).collect()
}

#[test]
fn no_other_file_names_a_rule() {
    let project = Project::here().expect("a workspace");
    let rules = rules(&project);
    assert!(rules.len() >= 13, "{rules:?}");
    let list = Path::new(CHECK).join("rules.rs");
    let mut wrong = Vec::new();
    for root in project.packages.iter().flat_map(|package| &package.roots) {
        let source = project.read_crate(root).expect("Rust");
        for (file, name) in source.names() {
            let is_named = |(rule, module): &&(String, String)| {
                let own = Path::new(CHECK).join("rules").join(module);
                let is_own = file.path == own.with_extension("rs") || file.path.starts_with(&own);
                let is = |two: &[String]| two == ["Rule", rule] || two == ["rules", module];
                !is_own && file.path != list && name.path.windows(2).any(is)
            };
            let named = rules.iter().find(is_named);
            wrong.extend(
                named.map(|(rule, _)| format!("{}:{}: {rule}", file.path.display(), name.line)),
            );
        }
    }
    assert!(wrong.is_empty(), "a rule is one file and one line in the list: {wrong:#?}");
}
