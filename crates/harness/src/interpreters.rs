//! The interpreters of other languages that are here: those in PATH, and what a variable of the environment names, with `:`
//! between them: `EPSHIM_NODES`, `EPSHIM_RUBIES`, `EPSHIM_PHPS`, `EPSHIM_JAVAS`.

use crate::tools;
use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// An interpreter that runs.
#[derive(Debug, Clone)]
pub struct Interpreter {
    /// The program.
    pub path: PathBuf,
    /// What it says of its version, without what is before the numbers: `20.20.2`.
    pub version: String,
}

impl Interpreter {
    /// Whether its version begins with one of these.
    #[must_use]
    pub fn is_one_of(&self, versions: &[&str]) -> bool {
        versions.iter().any(|version| self.version.starts_with(version))
    }
}

/// The Nodes, each once.
#[must_use]
pub fn nodes() -> Vec<Interpreter> {
    found("EPSHIM_NODES", "node", &["-p", "process.versions.node"])
}

/// The Rubies, each once.
#[must_use]
pub fn rubies() -> Vec<Interpreter> {
    found("EPSHIM_RUBIES", "ruby", &["-e", "puts RUBY_VERSION"])
}

/// The PHPs, each once.
#[must_use]
pub fn phps() -> Vec<Interpreter> {
    found("EPSHIM_PHPS", "php", &["-r", "echo PHP_VERSION;"])
}

/// The Javas, each once: also those of `/usr/lib/jvm`.
#[must_use]
pub fn javas() -> Vec<Interpreter> {
    let installed = programs_below("/usr/lib/jvm");
    let mut all = found_among("EPSHIM_JAVAS", "java", &["--version"], installed);
    for java in &mut all {
        // `openjdk 17.0.15 2025-04-15`, and more lines.
        let number = java.version.split_whitespace().nth(1).unwrap_or_default();
        java.version = number.to_owned();
    }
    all
}

fn programs_below(parent: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    entries.map(|entry| entry.path().join("bin")).collect()
}

fn found(variable: &str, name: &str, asks: &[&str]) -> Vec<Interpreter> {
    found_among(variable, name, asks, Vec::new())
}

fn found_among(
    variable: &str,
    name: &str,
    asks: &[&str],
    further: Vec<PathBuf>,
) -> Vec<Interpreter> {
    let (named, path) = (env::var_os(variable), env::var_os("PATH"));
    let named = env::split_paths(named.as_deref().unwrap_or_default()).collect::<Vec<_>>();
    let named = named.into_iter().filter(|path| !path.as_os_str().is_empty());
    let mut folders = env::split_paths(path.as_deref().unwrap_or_default()).collect::<Vec<_>>();
    folders.extend(further);
    let mut found = BTreeMap::new();
    for path in named.chain(folders.into_iter().map(|folder| folder.join(name))) {
        let Ok(output) = Command::new(&path).args(asks).output() else { continue };
        let Ok(one) = path.canonicalize() else { continue };
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if output.status.success() && !version.is_empty() {
            found.insert(one, version);
        }
    }
    if found.is_empty() {
        tools::skip(&format!("there is no {name}"));
    }
    found.into_iter().map(|(path, version)| Interpreter { path, version }).collect()
}
