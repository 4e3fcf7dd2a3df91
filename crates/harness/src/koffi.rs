//! koffi, the package through which the tests call C from Node: fetched from npm once, and kept below
//! cargo's target folder.
//!
//! Without Node, or without a network at the first run, the test says so and skips that part, unless
//! `EPSHIM_REQUIRE_TOOLS` is set, as with any of the [`tools`].

use crate::products::product;
use crate::tools;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Output};

const PACKAGE: &str = "koffi@3.3.4";

/// Where `node_modules` with koffi is: programs below this folder can import it.
pub fn folder() -> Option<PathBuf> {
    if !tools::is_installed("node") {
        return None;
    }
    let folder = product(PACKAGE);
    if folder.is_dir() {
        return Some(folder);
    }
    if !tools::is_installed("npm") {
        return None;
    }
    // Installed under a name of its own and renamed: test programs may run at the same time.
    let unfinished = folder.with_file_name(format!("{PACKAGE}.{}", process::id()));
    fs::create_dir_all(&unfinished).expect("the folder of the products is ours");
    let output = install(&unfinished);
    if !output.status.success() {
        let _ = fs::remove_dir_all(&unfinished);
        let errors = String::from_utf8_lossy(&output.stderr);
        tools::skip(&format!("npm cannot install {PACKAGE}: {}", errors.trim_end()));
        return None;
    }
    if fs::rename(&unfinished, &folder).is_err() {
        // Another test was first.
        let _ = fs::remove_dir_all(&unfinished);
    }
    assert!(folder.is_dir(), "{} is not there", folder.display());
    Some(folder)
}

/// What npm said when it installed the package into a folder.
fn install(folder: &Path) -> Output {
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts"]);
    npm.arg("--loglevel=error");
    // What npm has already is good; and without a network it would ask again for minutes.
    npm.args(["--prefer-offline", "--fetch-retries=2"]);
    npm.args(["--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=2000"]);
    npm.arg("--prefix").arg(folder).arg(PACKAGE).output().expect("npm runs")
}
