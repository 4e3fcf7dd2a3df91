//! What the crates registry gets: the crates that others can use, each whole, and nothing of the rest of the tree.

use epshim_harness::process::stdout_of;
use std::fs;
use std::path::Path;
use std::process::Command;

const PUBLISHED: [&str; 3] = ["epshim", "epshim-check", "epshim-observe"];

fn cargo(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("--offline").args(arguments);
    stdout_of(&mut command)
}

#[test]
fn a_package_has_what_it_is_compiled_of_and_the_licences_and_no_more() {
    for package in PUBLISHED {
        let listed = cargo(&["package", "--list", "--allow-dirty", "-p", package]);
        for file in ["Cargo.toml", "LICENSE-APACHE", "LICENSE-MIT", "README.md", "src/lib.rs"] {
            assert!(listed.lines().any(|line| line == file), "{package} lacks {file}:\n{listed}");
        }
        let is_its_own = |file: &&str| {
            let folders = ["src/", "build/"];
            let files = [
                ".cargo_vcs_info.json",
                "CHANGELOG.md",
                "Cargo.lock",
                "Cargo.toml",
                "Cargo.toml.orig",
                "LICENSE-APACHE",
                "LICENSE-MIT",
                "README.md",
                "build.rs",
                "docs/layouts.toml",
                "include/epshim.h",
            ];
            files.contains(file) || folders.iter().any(|folder| file.starts_with(folder))
        };
        let others: Vec<_> = listed.lines().filter(|file| !is_its_own(file)).collect();
        assert!(others.is_empty(), "{package} has {others:?}");
    }
}

/// What the registry shows, and the version without which a crate cannot depend on another.
#[test]
fn what_is_published_says_what_it_is_and_the_rest_is_not_published() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let crates = fs::read_dir(root.join("crates")).unwrap().map(|entry| entry.unwrap().path());
    let mut published = Vec::new();
    for folder in crates.chain([root.to_owned()]) {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        if manifest.contains("\npublish = false\n") {
            continue;
        }
        let (_, package) = manifest.split_once("[package]\n").unwrap();
        let (package, _) = package.split_once("\n[").unwrap();
        let value = |field: &str| {
            let line =
                package.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
            line.trim_start_matches(".workspace").trim_start_matches(" = ").to_owned()
        };
        published.push(value("name").trim_matches('"').to_owned());
        for field in [
            "description",
            "license",
            "readme",
            "documentation",
            "rust-version",
            "keywords",
            "categories",
        ] {
            assert!(!value(field).is_empty(), "{}: no {field}", folder.display());
        }
    }
    published.sort();
    assert_eq!(published, PUBLISHED);
}
