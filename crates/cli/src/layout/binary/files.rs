//! The files that are meant: those that were named, and with `--recursive` those in folders.
//!
//! Links are not followed, and a file with several names is taken once. What else is in a folder than regular files
//! is left alone.

use crate::output::shown;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// A file.
#[derive(Debug)]
pub struct File {
    pub path: PathBuf,
    /// By the user.
    pub is_named: bool,
}

/// All of them, and which folders could not be read.
pub fn all(named: &[PathBuf], is_recursive: bool) -> (Vec<File>, Vec<String>) {
    let mut files = Vec::new();
    let mut unreadable = Vec::new();
    let mut seen = BTreeSet::new();
    for path in named {
        if is_recursive && path.is_dir() {
            below(path, &mut files, &mut seen, &mut unreadable);
        } else {
            files.push(File { path: path.clone(), is_named: true });
        }
    }
    (files, unreadable)
}

/// The regular files below a folder, in the order of their names.
fn below(
    folder: &Path,
    files: &mut Vec<File>,
    seen: &mut BTreeSet<(u64, u64)>,
    bad: &mut Vec<String>,
) {
    let entries = fs::read_dir(folder).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
    let mut paths: Vec<_> = match entries {
        Ok(entries) => entries.iter().map(fs::DirEntry::path).collect(),
        Err(error) => return bad.push(format!("{} cannot be read: {error}", shown(folder))),
    };
    paths.sort();
    for path in paths {
        let Ok(data) = fs::symlink_metadata(&path) else { continue };
        if data.is_dir() {
            below(&path, files, seen, bad);
        } else if data.is_file() && seen.insert((data.dev(), data.ino())) {
            files.push(File { path, is_named: false });
        }
    }
}
