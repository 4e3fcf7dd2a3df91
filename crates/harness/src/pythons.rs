//! Each CPython that is here: those of pyenv, of Debian, and what `EPSHIM_PYTHONS` names.

use crate::process::stdout_of;
use crate::tools;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A Python that runs.
#[derive(Debug, Clone)]
pub struct Python {
    /// The program.
    pub path: PathBuf,
    /// The second number of its version; the first is 3.
    pub minor: u32,
}

/// The Pythons 3 that run, each once.
#[must_use]
pub fn pythons() -> Vec<Python> {
    let named = std::env::var("EPSHIM_PYTHONS").unwrap_or_default();
    let mut paths: Vec<_> =
        named.split(':').filter(|name| !name.is_empty()).map(PathBuf::from).collect();
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    for versions in fs::read_dir(home.join(".pyenv/versions")).into_iter().flatten().flatten() {
        paths.push(versions.path().join("bin/python3"));
    }
    paths.extend((8..=15).map(|minor| PathBuf::from(format!("/usr/bin/python3.{minor}"))));
    paths.sort();
    let found: Vec<_> = paths.into_iter().filter_map(python).collect();
    if found.is_empty() {
        tools::skip("there is no Python");
    }
    found
}

fn python(path: PathBuf) -> Option<Python> {
    let runs = Command::new(&path).args(["-c", "import sys"]).output();
    if !runs.is_ok_and(|output| output.status.success()) {
        return None;
    }
    let minor = minor(&path);
    Some(Python { path, minor })
}

fn minor(path: &Path) -> u32 {
    let text = "import sys; print(sys.version_info[1])";
    stdout_of(Command::new(path).args(["-c", text])).trim().parse().expect("a number")
}

impl Python {
    /// Whether it can call C: a minimal installation cannot.
    #[must_use]
    pub fn has_ctypes(&self) -> bool {
        let tried = Command::new(&self.path).args(["-c", "import ctypes"]).output();
        tried.is_ok_and(|output| output.status.success())
    }

    /// Whether its lines can be had.
    #[must_use]
    pub fn is_known(&self) -> bool {
        (8..=15).contains(&self.minor)
    }
}
