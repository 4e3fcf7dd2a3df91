//! Files: no circles, none that is not read, and no name that says nothing.

use epshim_structure::{Circle, Crate, Project};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// The files of the shim that may say `target_arch` and its like: `sys/` and these. lib.rs refuses other
/// systems than Linux; what proof.rs compares is not the same everywhere.
const KNOW_TARGETS: [&str; 4] = ["src/layout.rs", "src/lib.rs", "src/proof.rs", "src/sys.rs"];

/// What every file could be called.
const SAYS_NOTHING: [&str; 7] =
    ["util", "utils", "utilities", "helper", "helpers", "misc", "common"];

/// Modules of the standard library and types that ask the machine something.
const ASKS_THE_MACHINE: [&str; 6] = ["fs", "net", "process", "thread", "env", "os"];
const READS_A_CLOCK: [&str; 2] = ["Instant", "SystemTime"];

fn crates(project: &Project) -> impl Iterator<Item = (&str, Crate)> {
    let roots = project
        .packages
        .iter()
        .flat_map(|package| package.roots.iter().map(|root| (package.name.as_str(), root)));
    roots.map(|(name, root)| (name, project.read_crate(root).expect("Rust")))
}

#[test]
fn no_crate_has_a_circle_of_files() {
    let project = Project::here().expect("a workspace");
    let mut found = Vec::new();
    for (_, source) in crates(&project) {
        found.extend(source.circles().into_iter().map(|circle: Circle| circle.to_string()));
    }
    assert!(
        found.is_empty(),
        "{} circles of files; move what both name to a file of its own, or to the one that needs it \
         (CONTRIBUTING.md):\n{}",
        found.len(),
        found.join("\n")
    );
}

/// A file that no `mod` reaches is not compiled, and no other test here would see it.
#[test]
fn every_source_file_belongs_to_a_crate() {
    let project = Project::here().expect("a workspace");
    let mut read: BTreeSet<PathBuf> = BTreeSet::new();
    for (_, source) in crates(&project) {
        read.extend(source.files().iter().map(|file| file.path.clone()));
    }
    let mut left = Vec::new();
    for package in &project.packages {
        let below = project.below(&package.folder.join("src")).expect("a src");
        let sources = below.into_iter().filter(|path| path.extension() == Some(OsStr::new("rs")));
        left.extend(sources.filter(|path| !read.contains(path)));
    }
    // What only tests have is not read.
    let only_tests = ["tests", "added"].map(|stem| Some(OsStr::new(stem)));
    left.retain(|path| !only_tests.contains(&path.file_stem()));
    assert!(left.is_empty(), "no crate has these files: {left:?}");
}

#[test]
fn no_file_or_folder_has_a_name_that_says_nothing() {
    let project = Project::here().expect("a workspace");
    for package in &project.packages {
        for path in project.below(&package.folder.join("src")).expect("a src") {
            let stem = path.file_stem().and_then(OsStr::to_str).expect("UTF-8");
            assert!(!SAYS_NOTHING.contains(&stem), "{}: say what is in it", path.display());
        }
    }
}

#[test]
fn only_these_files_of_the_shim_know_targets() {
    let project = Project::here().expect("a workspace");
    let source = project.read_crate(Path::new("src/lib.rs")).expect("Rust");
    for file in source.files() {
        let is_allowed = KNOW_TARGETS.iter().any(|known| Path::new(known) == file.path);
        if is_allowed || file.path.starts_with("src/sys") {
            continue;
        }
        let text = fs::read_to_string(project.folder.join(&file.path)).expect("it was read");
        let line = text.lines().position(|line| line.contains("target_"));
        let line = line.map(|line| format!("{}:{}", file.path.display(), line + 1));
        assert_eq!(line, None, "what depends on the target is in src/layout.rs or src/sys/");
    }
}

#[test]
fn the_model_asks_the_machine_nothing_and_reads_no_clock() {
    asks_nothing("epshim-observe");
    asks_nothing("epshim-check");
    asks_nothing("epshim-report");
}

#[test]
fn the_walk_asks_the_machine_nothing() {
    asks_nothing("epshim-walk");
    asks_nothing("epshim-interpreters");
}

/// In `attach`, these ask; all other files only know what was answered.
const ASK_IN_ATTACH: [&str; 5] = [
    "crates/attach/src/gather",
    "crates/attach/src/gather.rs",
    "crates/attach/src/languages",
    "crates/attach/src/stack",
    "crates/attach/src/stack.rs",
];

#[test]
fn what_judges_looks_asks_the_machine_nothing() {
    let project = Project::here().expect("a workspace");
    let source = project.read_crate(Path::new("crates/attach/src/lib.rs")).expect("Rust");
    for (file, name) in source.names() {
        if ASK_IN_ATTACH.iter().any(|asks| file.path.starts_with(asks)) {
            continue;
        }
        let place = format!("{}:{}", file.path.display(), name.line);
        let path: Vec<&str> = name.path.iter().map(String::as_str).collect();
        let asks = path.iter().find(|segment| matches!(**segment, "rustix" | "gather" | "object"));
        assert!(asks.is_none(), "{place}: {}", path.join("::"));
        if let ["std", module, ..] = path[..] {
            assert!(
                matches!(module, "net") || !ASKS_THE_MACHINE.contains(&module),
                "{place}: std::{module}"
            );
        }
        assert!(!path.iter().any(|segment| READS_A_CLOCK.contains(segment)), "{place}: a clock");
    }
}

fn asks_nothing(pure: &str) {
    let project = Project::here().expect("a workspace");
    for (package, source) in crates(&project) {
        if package != pure {
            continue;
        }
        for (file, name) in source.names() {
            let place = format!("{}:{}", file.path.display(), name.line);
            let path: Vec<&str> = name.path.iter().map(String::as_str).collect();
            if let ["std", module, ..] = path[..] {
                assert!(!ASKS_THE_MACHINE.contains(&module), "{place}: std::{module}");
            }
            let clock = path.iter().find(|segment| READS_A_CLOCK.contains(segment));
            assert!(clock.is_none(), "{place}: {}", path.join("::"));
        }
    }
}
