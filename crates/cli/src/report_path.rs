//! The file of a report, by the rules of `epshim_report::place`: what another user could have put there is
//! refused.

use epshim_report::place::{self, Entry};
use epshim_report::printable;
use rustix::process::geteuid;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The path without links, if it may be opened; else why not.
pub fn find(path: &str) -> Result<PathBuf, String> {
    let found = place::find(Path::new(path), geteuid().as_raw(), entry);
    let found = found.map_err(|refused| {
        let refused = refused.to_string();
        format!("{}. Use a folder of your own.", printable::text(&refused))
    })?;
    Ok(found.path)
}

fn entry(path: &Path) -> Option<Entry> {
    let kind = fs::symlink_metadata(path).ok()?;
    let link = if kind.is_symlink() { Some(fs::read_link(path).ok()?) } else { None };
    Some(Entry { link, is_folder: kind.is_dir(), mode: kind.mode(), owner: kind.uid() })
}
