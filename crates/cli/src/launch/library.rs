//! Where libepshim_preload.so is: beside this command in a build tree, or in the `lib` of its prefix, or inside
//! this command (`embedded.rs`); where it is installed elsewhere, `EPSHIM_PRELOAD` names it. Of several the one
//! is taken that fits the program: glibc's and musl's stand in folders of their own.
//!
//! The file is read for what programs it fits, but never loaded into this process. Its path must be one
//! that `LD_PRELOAD` can hold.

use super::elf::{self, Elf, Libc};
use super::embedded;
use super::environment::{self, LIBRARY};
use super::failure::Failure;
use super::target::{Target, refuse};
use crate::layout;
use crate::output::shown;
use std::env;
use std::path::{Path, PathBuf};

/// The library, and what programs it fits.
pub struct Library {
    pub path: PathBuf,
    pub elf: Elf,
}

/// The library that `EPSHIM_PRELOAD` names, or the first one that is where it may be and fits the program.
/// Without a program it is the one for programs of this machine's usual C library.
pub fn find(program: Option<&Target>) -> Result<Library, Failure> {
    let library = match env::var_os("EPSHIM_PRELOAD").filter(|path| !path.is_empty()) {
        Some(path) => read(&PathBuf::from(path))?,
        None => search(program)?,
    };
    program.map_or(Ok(()), |program| library.fits(program))?;
    Ok(library)
}

impl Library {
    /// Refuses a program that it would not run in.
    fn fits(&self, program: &Target) -> Result<(), Failure> {
        let path = shown(&self.path);
        let (own, other) = (self.elf.machine, program.elf.machine);
        let reason = if own == other {
            match (self.elf.libc, program.elf.libc) {
                (Some(own), Some(other)) if own != other => format!(
                    "it uses {other}, and the library {path} uses {own}. Set EPSHIM_PRELOAD to a library built \
                     for {other}."
                ),
                _ => return Ok(()),
            }
        } else {
            format!(
                "it is for {other}, and the library {path} is for {own}. Set EPSHIM_PRELOAD to a library built \
                 for {other}."
            )
        };
        refuse(&program.runs, reason)
    }
}

fn read(path: &Path) -> Result<Library, Failure> {
    let bad = |reason: String| Failure::own(format!("cannot preload {}: {reason}", shown(path)));
    let path = path.canonicalize().map_err(|error| bad(error.to_string()))?;
    if !environment::can_hold(&path) {
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

/// The first that fits; where none does, the first, which says best what is missing.
fn search(program: Option<&Target>) -> Result<Library, Failure> {
    let command = env::current_exe().and_then(|path| path.canonicalize());
    let command = command
        .map_err(|error| Failure::own(format!("cannot find where this command is: {error}")))?;
    let places = places(command.parent().unwrap_or(Path::new("/")));
    let mut first = None;
    for place in places.iter().filter(|place| place.is_file()) {
        let library = read(place)?;
        if program.is_none_or(|program| library.fits(program).is_ok()) {
            return Ok(library);
        }
        first = first.or(Some(library));
    }
    let libc = program.and_then(|program| program.elf.libc).unwrap_or(Libc::Glibc);
    if let Some(path) = embedded::library(libc)? {
        return read(&path);
    }
    first.ok_or_else(|| {
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
        folders.push(parent.join("lib"));
        folders.extend(layout::folders(layout::HOST).map(|name| parent.join("lib").join(name)));
        folders.push(parent.join("lib64"));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn of(folder: &str) -> Vec<String> {
        let places = places(Path::new(folder));
        places.iter().map(|place| place.parent().unwrap().display().to_string()).collect()
    }

    #[test]
    fn a_prefix_and_a_build_tree_are_searched() {
        let [own, other] = layout::folders(layout::HOST);
        let (own, other) = (format!("/usr/lib/{own}"), format!("/usr/lib/{other}"));
        assert_eq!(of("/usr/bin"), ["/usr/bin", "/usr/lib", &own, &other, "/usr/lib64"]);
        assert_eq!(of("/src/target/debug")[..2], ["/src/target/debug", "/src/target/release"]);
    }
}
