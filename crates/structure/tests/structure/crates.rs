//! Crates: which may depend on which, and on what else.

use epshim_structure::{Kind, Project};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Every arrow between our packages that the library, a program or a build script may have. None points
/// up: what is named on the right has no line that leads back.
const ARROWS: [(&str, &[&str]); 12] = [
    ("epshim-capi", &["epshim"]),
    ("epshim-check", &["epshim-observe"]),
    ("epshim-report", &["epshim-check", "epshim-observe"]),
    (
        "epshim-cli",
        &[
            "epshim",
            "epshim-append",
            "epshim-attach",
            "epshim-check",
            "epshim-formats",
            "epshim-interpreters",
            "epshim-layouts",
            "epshim-observe",
            "epshim-page",
            "epshim-report",
            "epshim-ring",
            "epshim-trace",
        ],
    ),
    ("epshim-trace", &["epshim-attach", "epshim-check", "epshim-observe"]),
    (
        "epshim-preload",
        &[
            "epshim-append",
            "epshim-check",
            "epshim-interpreters",
            "epshim-observe",
            "epshim-page",
            "epshim-report",
            "epshim-ring",
            "epshim-walk",
        ],
    ),
    ("epshim-attach", &["epshim-check", "epshim-interpreters", "epshim-observe", "epshim-walk"]),
    ("epshim-formats", &["epshim-report"]),
    ("epshim-interpreters", &["epshim-walk"]),
    ("epshim-ring", &["epshim-observe"]),
    ("epshim-page", &["epshim-check", "epshim-report"]),
    ("epshim-bench", &["epshim", "epshim-harness"]),
];

/// What tests may depend on, too: what they share, and what they have built before they run.
const FOR_TESTS: [&str; 2] = ["epshim-harness", "epshim-capi"];

/// What the shim is built of, and nothing more.
const OF_THE_SHIM: [&str; 3] = ["bitflags", "libc", "static_assertions"];

/// What the model is built of, and the observations below it: none of them makes a system call.
const OF_THE_MODEL: [&str; 3] = ["epshim-observe", "rustc-hash", "strsim"];
const OF_OBSERVATIONS: [&str; 1] = ["serde"];

fn normal<'a>(project: &'a Project, package: &str) -> BTreeSet<&'a str> {
    let package = project.packages.iter().find(|one| one.name == package).expect("it is there");
    let normal = package.dependencies.iter().filter(|one| one.kind == Kind::Normal);
    normal.map(|dependency| dependency.on.as_str()).collect()
}

#[test]
fn the_shim_depends_on_three_crates_and_on_nothing_more() {
    let project = Project::here().expect("a workspace");
    assert_eq!(normal(&project, "epshim"), BTreeSet::from(OF_THE_SHIM));
}

#[test]
fn the_model_depends_on_observations_and_on_no_crate_that_makes_system_calls() {
    let project = Project::here().expect("a workspace");
    assert_eq!(normal(&project, "epshim-check"), BTreeSet::from(OF_THE_MODEL));
    assert_eq!(normal(&project, "epshim-observe"), BTreeSet::from(OF_OBSERVATIONS));
}

#[test]
fn every_arrow_between_our_crates_is_one_that_the_map_has() {
    let project = Project::here().expect("a workspace");
    let ours: BTreeSet<&str> = project.packages.iter().map(|one| one.name.as_str()).collect();
    let mut wrong = Vec::new();
    for package in &project.packages {
        let allowed = ARROWS.iter().find(|(from, _)| *from == package.name);
        let allowed = allowed.map_or(&[][..], |(_, to)| to);
        for dependency in &package.dependencies {
            let to = dependency.on.as_str();
            let is_for_tests = dependency.kind == Kind::Dev && FOR_TESTS.contains(&to);
            if ours.contains(to) && !allowed.contains(&to) && !is_for_tests {
                wrong.push(format!("{} -> {to} ({:?})", package.name, dependency.kind));
            }
        }
    }
    assert!(wrong.is_empty(), "not on the map: {}", wrong.join(", "));
}

#[test]
fn every_crate_but_the_shim_is_in_crates() {
    let project = Project::here().expect("a workspace");
    let is_manifest = |path: &PathBuf| path.file_name() == Some(OsStr::new("Cargo.toml"));
    let manifests = project.below(Path::new("")).expect("a folder");
    for manifest in manifests.into_iter().filter(is_manifest) {
        let folder = manifest.parent().expect("a folder");
        // A workspace of its own, which needs another compiler.
        if folder == Path::new("fuzz") {
            continue;
        }
        let is_at_home = folder == Path::new("") || folder.parent() == Some(Path::new("crates"));
        assert!(is_at_home, "{}: a crate belongs into crates/", manifest.display());
        let is_known = project.packages.iter().any(|package| package.folder == folder);
        assert!(is_known, "{}: no member of the workspace", manifest.display());
    }
}
