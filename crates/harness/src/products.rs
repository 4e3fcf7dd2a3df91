//! The folder of what tests make, and the files in it.
//!
//! It is `tmp` in cargo's target folder, which integration tests know as `CARGO_TARGET_TMPDIR`. Cargo
//! does not set that for a library: the path of the running program says where it is. Nothing in it
//! is removed at the end: what a failed test has made can be looked at.

use crate::cargo;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The path of a product of tests with this name.
pub fn product(name: impl AsRef<Path>) -> PathBuf {
    let folder = cargo::folder().with_file_name("tmp");
    fs::create_dir_all(&folder).expect("the target folder is ours");
    folder.join(name)
}

/// An empty folder with this name among the products.
pub fn folder(name: &str) -> PathBuf {
    let folder = product(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the folder of the products is ours");
    folder
}

/// Changes a file's mode.
pub fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the file is ours");
}

/// Writes a file that may be executed.
pub fn script(path: &Path, text: &str) {
    fs::write(path, text).expect("the folder is ours");
    chmod(path, 0o755);
}

#[cfg(test)]
mod tests {
    use super::{folder, product};
    use std::fs;

    #[test]
    fn a_folder_is_empty_however_often_it_is_asked_for() {
        for _ in 0..2 {
            let folder = folder("harness-empty");
            assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
            assert_eq!(folder.parent(), product("x").parent());
            fs::write(folder.join("file"), "").unwrap();
        }
    }
}
