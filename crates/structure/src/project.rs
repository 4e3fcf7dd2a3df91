//! The workspace as its manifests describe it: its packages, what each depends on, and the roots of its
//! crates. Only Cargo.toml files are read; cargo is not asked.
//!
//! All paths are relative to the workspace's folder, so that what is printed is the same everywhere.

use crate::source::Crate;
use std::path::{Path, PathBuf};
use std::{fs, io};
use toml::{Table, Value};

/// The workspace.
#[derive(Debug)]
pub struct Project {
    /// Its folder.
    pub folder: PathBuf,
    /// Its packages: the root's first, those in `crates/` by name.
    pub packages: Vec<Package>,
}

/// A package.
#[derive(Debug)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its folder; empty for the root package.
    pub folder: PathBuf,
    /// Everything that its manifest depends on.
    pub dependencies: Vec<Dependency>,
    /// The roots of its library, its programs and its build script.
    pub roots: Vec<PathBuf>,
}

/// A dependency of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The package it is on.
    pub on: String,
    /// What needs it.
    pub kind: Kind,
}

/// What needs a dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The library or a program.
    Normal,
    /// The build script.
    Build,
    /// Tests, examples and benchmarks.
    Dev,
}

impl Project {
    /// The workspace that this crate was built in.
    ///
    /// # Errors
    ///
    /// A manifest that cannot be read, as a sentence.
    pub fn here() -> Result<Self, String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
        Self::read(folder.ok_or("crates/structure lies in no workspace")?)
    }

    /// The workspace with this folder.
    ///
    /// # Errors
    ///
    /// A manifest that cannot be read, as a sentence.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let mut folders = vec![PathBuf::new()];
        folders.extend(
            entries(folder, Path::new("crates"))?
                .into_iter()
                .filter(|entry| folder.join(entry).join("Cargo.toml").is_file()),
        );
        let packages = folders.into_iter().map(|inner| Package::read(folder, inner));
        Ok(Self { folder: folder.to_owned(), packages: packages.collect::<Result<_, _>>()? })
    }

    /// The crate with this root.
    ///
    /// # Errors
    ///
    /// A file that is missing or is no Rust, as a sentence.
    pub fn read_crate(&self, root: &Path) -> Result<Crate, String> {
        Crate::read(root, |path| fs::read_to_string(self.folder.join(path)))
    }

    /// Every file and folder below a folder, but for what cargo builds and git keeps.
    ///
    /// # Errors
    ///
    /// A folder that cannot be read, as a sentence.
    pub fn below(&self, folder: &Path) -> Result<Vec<PathBuf>, String> {
        let mut all = Vec::new();
        for entry in entries(&self.folder, folder)? {
            let name = entry.file_name().unwrap_or_default();
            if name == "target" || name == ".git" {
                continue;
            }
            if self.folder.join(&entry).is_dir() {
                all.extend(self.below(&entry)?);
            }
            all.push(entry);
        }
        Ok(all)
    }
}

impl Package {
    fn read(project: &Path, folder: PathBuf) -> Result<Self, String> {
        let path = folder.join("Cargo.toml");
        let bad = |reason: &dyn std::fmt::Display| format!("{}: {reason}", path.display());
        let text = fs::read_to_string(project.join(&path)).map_err(|error| bad(&error))?;
        let manifest: Table = text.parse().map_err(|error| bad(&error))?;
        let name = manifest.get("package").and_then(|package| package.get("name")?.as_str());
        let name = name.ok_or_else(|| bad(&"it has no package with a name"))?.to_owned();
        let roots = roots(project, &folder, &manifest).map_err(|error| bad(&error))?;
        Ok(Self { name, dependencies: dependencies(&manifest), roots, folder })
    }
}

/// Of all sections: `[dependencies]`, `[target.'cfg(...)'.dependencies]` and their like.
fn dependencies(manifest: &Table) -> Vec<Dependency> {
    let targets = manifest.get("target").and_then(Value::as_table);
    let targets = targets.into_iter().flat_map(Table::values).filter_map(Value::as_table);
    let mut all = Vec::new();
    for table in targets.chain([manifest]) {
        for (section, kind) in [
            ("dependencies", Kind::Normal),
            ("build-dependencies", Kind::Build),
            ("dev-dependencies", Kind::Dev),
        ] {
            let section = table.get(section).and_then(Value::as_table);
            for (name, value) in section.into_iter().flatten() {
                let renamed = value.get("package").and_then(Value::as_str);
                all.push(Dependency { on: renamed.unwrap_or(name).to_owned(), kind });
            }
        }
    }
    all
}

/// The roots that cargo would find or is told of, without those of tests, examples and benchmarks.
fn roots(project: &Path, folder: &Path, manifest: &Table) -> io::Result<Vec<PathBuf>> {
    let told = |target: &Value| Some(folder.join(target.get("path")?.as_str()?));
    let programs = manifest.get("bin").and_then(Value::as_array);
    let mut roots: Vec<_> = programs.into_iter().flatten().filter_map(told).collect();
    roots.extend(manifest.get("lib").and_then(told));
    roots.extend(["src/lib.rs", "src/main.rs", "build.rs"].map(|name| folder.join(name)));
    let further = project.join(folder).join("src/bin");
    if further.is_dir() {
        for entry in fs::read_dir(further)? {
            roots.push(folder.join("src/bin").join(entry?.file_name()));
        }
    }
    roots.retain(|root| project.join(root).is_file());
    roots.sort();
    roots.dedup();
    Ok(roots)
}

/// What is in a folder, by name.
fn entries(project: &Path, folder: &Path) -> Result<Vec<PathBuf>, String> {
    let bad = |error: io::Error| format!("{}: {error}", project.join(folder).display());
    let all = fs::read_dir(project.join(folder)).map_err(bad)?;
    let names: io::Result<Vec<_>> = all.map(|entry| Ok(entry?.file_name())).collect();
    let mut paths: Vec<_> = names.map_err(bad)?.iter().map(|name| folder.join(name)).collect();
    paths.sort();
    Ok(paths)
}
