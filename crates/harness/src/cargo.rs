//! The workspace, and what cargo builds of it.
//!
//! Cargo builds for the tests of a package what that package has, and nothing of another one. What
//! a test needs of another (the preload library, the benchmarks' servers) it has built here, as the
//! test itself was built: in the same profile, for the same target, into the same folder. All of
//! this is read from the path of the running program: cargo does not say it to a library.
//!
//! A process has a package built once. Several test programs may ask at the same time: cargo locks
//! its folder while it builds, and puts a finished file in place by a link.

use std::collections::BTreeSet;
use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// The root of the workspace.
pub fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).expect("crates/harness lies in the workspace")
}

/// Where cargo puts the programs and the libraries of this build, such as `target/debug`.
pub fn folder() -> PathBuf {
    Build::of(&this_program()).folder
}

fn this_program() -> PathBuf {
    env::current_exe().expect("a program knows its path")
}

/// The build that a program is of.
#[derive(Debug, PartialEq, Eq)]
struct Build {
    /// `TARGET/PROFILE` or `TARGET/TRIPLE/PROFILE`.
    folder: PathBuf,
    profile: String,
    triple: Option<String>,
    target: PathBuf,
}

impl Build {
    /// Reads it from the program's path. A test lies in `deps` below the folder, an example in
    /// `examples`, a program in the folder itself.
    fn of(program: &Path) -> Self {
        let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
        let folder = program.parent().expect("a program lies in a folder");
        let is_below = matches!(name(folder).as_deref(), Some("deps" | "examples"));
        let folder = if is_below { folder.parent().expect("cargo's folder") } else { folder };
        let above = folder.parent().expect("cargo's target folder");
        // Every target of ours has this in its name, and a target folder is not called so.
        let triple = name(above).filter(|name| name.contains("-linux-"));
        let target = if triple.is_some() { above.parent().expect("a folder") } else { above };
        // Cargo's profile `dev` has a folder of another name.
        let profile = name(folder).filter(|name| name != "debug").unwrap_or("dev".to_owned());
        Self { folder: folder.to_owned(), profile, triple, target: target.to_owned() }
    }

    /// `cargo build` of a package of the workspace, with further arguments.
    fn command(&self, package: &str, arguments: &[&str]) -> Command {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(root()).args(["build", "--quiet", "--package", package]);
        cargo.args(arguments);
        cargo.args(["--profile", &self.profile]).arg("--target-dir").arg(&self.target);
        if let Some(triple) = &self.triple {
            cargo.args(["--target", triple]);
        }
        cargo
    }
}

/// Has cargo build a package of the workspace as the running program was built. The error is
/// `NotFound` where there is no cargo, and says otherwise what cargo said.
pub fn build(package: &str) -> io::Result<()> {
    build_with(package, &[])
}

/// Has cargo build an example of a package, as [`build`] does, and returns its path. `arguments` say with
/// which features.
pub fn example(package: &str, name: &str, arguments: &[&str]) -> io::Result<PathBuf> {
    build_with(package, &[&["--example", name], arguments].concat())?;
    Ok(folder().join("examples").join(name))
}

fn build_with(package: &str, arguments: &[&str]) -> io::Result<()> {
    let mut cargo = Build::of(&this_program()).command(package, arguments);
    let output = cargo.output()?;
    if output.status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!("{cargo:?}: {}\n{errors}", output.status)))
}

/// A file that cargo builds in a package of the workspace, as its sources are now.
pub fn built(package: &str, file: &str) -> PathBuf {
    static BUILT: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if !built.contains(package) {
        build(package).unwrap_or_else(|error| panic!("{package}: {error}"));
        built.insert(package.to_owned());
    }
    folder().join(file).canonicalize().expect("cargo built it")
}

#[cfg(test)]
mod tests {
    use super::{Build, root};
    use std::path::Path;

    /// The folder, the profile, the triple if any, and the target folder of a program.
    fn parts(program: &str) -> (String, String, Option<String>, String) {
        let build = Build::of(Path::new(program));
        let text = |path: &Path| path.display().to_string();
        (text(&build.folder), build.profile, build.triple, text(&build.target))
    }

    #[test]
    fn a_build_is_read_from_the_path_of_its_programs() {
        let dev = ("/w/target/debug".into(), "dev".into(), None, "/w/target".into());
        assert_eq!(parts("/w/target/debug/deps/echo-57d1423da99c248b"), dev);
        assert_eq!(parts("/w/target/debug/examples/pipe"), dev);
        let (release, triple) = ("/t/release".to_owned(), "s390x-unknown-linux-gnu".to_owned());
        let program = parts("/t/release/epshim-bench");
        assert_eq!(program, (release, "release".into(), None, "/t".into()));
        let (_, profile, found, target) = parts(&format!("/t/{triple}/release/deps/abi-1"));
        assert_eq!((profile, found, target), ("release".into(), Some(triple), "/t".into()));
    }

    #[test]
    fn cargo_builds_as_this_program_was_built() {
        let build = Build::of(Path::new("/t/i686-unknown-linux-gnu/debug/deps/abi-1"));
        let command = build.command("epshim", &["--example", "echo"]);
        assert_eq!(command.get_current_dir(), Some(root()));
        let arguments: Vec<_> = command.get_args().map(|word| word.to_str().unwrap()).collect();
        let expected = "build --quiet --package epshim --example echo --profile dev \
                        --target-dir /t --target i686-unknown-linux-gnu";
        assert_eq!(arguments.join(" "), expected);
    }

    #[test]
    fn the_root_has_the_sources() {
        assert!(root().join("Cargo.lock").is_file() && root().join("c_tests").is_dir());
    }
}
