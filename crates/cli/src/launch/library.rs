//! Where libepshim_preload.so is: beside this command in a build tree, or in the `lib` of its prefix; where
//! it is installed elsewhere, `EPSHIM_PRELOAD` names it.
//!
//! The file is read for what programs it fits, but never loaded into this process. Its path must be one
//! that `LD_PRELOAD` can hold.

use super::elf::{self, Elf};
use super::environment::LIBRARY;
use super::failure::Failure;
use crate::output::shown;
use std::env;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// The library, and what programs it fits.
pub struct Library {
    pub path: PathBuf,
    pub elf: Elf,
}

/// The library that `EPSHIM_PRELOAD` names, or the first one that is where it may be.
pub fn find() -> Result<Library, Failure> {
    let path = match env::var_os("EPSHIM_PRELOAD").filter(|path| !path.is_empty()) {
        Some(path) => PathBuf::from(path),
        None => search()?,
    };
    let bad = |reason: String| Failure::own(format!("cannot preload {}: {reason}", shown(&path)));
    let path = path.canonicalize().map_err(|error| bad(error.to_string()))?;
    // ld.so(8): LD_PRELOAD's list is separated by both, "and there is no support for escaping either".
    if path.as_os_str().as_bytes().iter().any(|byte| matches!(byte, b' ' | b':')) {
        return Err(bad(
            "LD_PRELOAD cannot hold a path with a space or a colon. Copy the library to another folder and set \
             EPSHIM_PRELOAD to its path there."
                .into(),
        ));
    }
    let elf = elf::read(&path).map_err(|error| bad(error.to_string()))?;
    let elf = elf.ok_or_else(|| bad("it is not an ELF file".into()))?;
    Ok(Library { path, elf })
}

fn search() -> Result<PathBuf, Failure> {
    let command = env::current_exe().and_then(|path| path.canonicalize());
    let command = command
        .map_err(|error| Failure::own(format!("cannot find where this command is: {error}")))?;
    let places = places(command.parent().unwrap_or(Path::new("/")));
    places.iter().find(|place| place.is_file()).cloned().ok_or_else(|| {
        let list: String = places.iter().map(|place| format!("\n  {}", shown(place))).collect();
        Failure::own(format!(
            "{LIBRARY} is in none of these places:{list}\nSet EPSHIM_PRELOAD to its path."
        ))
    })
}

/// Where the library may be, for a command in this folder.
fn places(folder: &Path) -> Vec<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    if let Some(parent) = folder.parent() {
        // In a build tree, only there: `target/debug/epshim` and `target/release/libepshim_preload.so`.
        if folder.ends_with("debug") || folder.ends_with("release") {
            folders.extend([parent.join("release"), parent.join("debug")]);
        }
        let multiarch = format!("lib/{}", multiarch(crate::layout::HOST));
        folders.extend(["lib", &multiarch, "lib64"].map(|name| parent.join(name)));
    }
    let mut places = Vec::new();
    for folder in folders {
        let place = folder.join(LIBRARY);
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

/// Debian's folder for the libraries of a Rust target.
fn multiarch(target: &str) -> String {
    let parts: Vec<_> = target.split('-').collect();
    let (arch, environment) = (parts[0], parts[parts.len() - 1]);
    let arch = match arch {
        "i586" | "i686" => "i386",
        "riscv64gc" => "riscv64",
        "armv7" | "thumbv7neon" => "arm",
        _ => arch,
    };
    format!("{arch}-linux-{environment}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(folder: &str) -> Vec<String> {
        let places = places(Path::new(folder));
        places.iter().map(|place| place.parent().unwrap().display().to_string()).collect()
    }

    #[test]
    fn a_prefix_and_a_build_tree_are_searched() {
        let multiarch = format!("/usr/lib/{}", multiarch(crate::layout::HOST));
        assert_eq!(of("/usr/bin"), ["/usr/bin", "/usr/lib", &multiarch, "/usr/lib64"]);
        assert_eq!(of("/src/target/debug")[..2], ["/src/target/debug", "/src/target/release"]);
    }

    #[test]
    fn debian_s_folder_has_debian_s_name() {
        for (target, folder) in [
            ("x86_64-unknown-linux-gnu", "x86_64-linux-gnu"),
            ("i686-unknown-linux-gnu", "i386-linux-gnu"),
            ("armv7-unknown-linux-gnueabihf", "arm-linux-gnueabihf"),
            ("riscv64gc-unknown-linux-musl", "riscv64-linux-musl"),
        ] {
            assert_eq!(multiarch(target), folder);
        }
    }
}
