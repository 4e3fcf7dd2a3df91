//! C programs, built at test time with the system's C compiler: `$CC`, or `cc`.
//!
//! [`WARNINGS`] is the one list of what our C compiles without, and the Makefile's. A program is
//! written under a name of its own and renamed into place, so that two tests which build the same
//! one at the same time do not disturb each other, and so that a program is never written to while
//! it runs.
//!
//! What is linked with `libepshim.so` finds the one of this build, even if the environment names another.

use crate::process::run;
use crate::products::product;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::atomic::{AtomicU32, Ordering};

/// What our C compiles without: every warning is an error.
pub const WARNINGS: [&str; 5] =
    ["-Wall", "-Wextra", "-Wpedantic", "-Wstrict-prototypes", "-Werror"];

/// Those of [`WARNINGS`] that a compiler of C++ knows.
pub fn warnings_in_cpp() -> impl Iterator<Item = &'static str> {
    WARNINGS.into_iter().filter(|warning| *warning != "-Wstrict-prototypes")
}

/// The C compiler.
pub fn compiler() -> Command {
    Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()))
}

/// The C compiler for C that is ours: C11 without a warning.
pub fn c11() -> Command {
    let mut command = compiler();
    command.arg("-std=c11").args(WARNINGS);
    command
}

/// Has a compiler write `file`, or says why it cannot: `command` lacks only `-o`.
pub fn try_build(command: &mut Command, file: &Path) -> Result<(), String> {
    static BUILDS: AtomicU32 = AtomicU32::new(0);
    let number = BUILDS.fetch_add(1, Ordering::Relaxed);
    let unfinished = file.with_extension(format!("{}-{number}", process::id()));
    let output = command.arg("-o").arg(&unfinished).output();
    let output = output.map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{command:?}: {}\n{errors}", output.status));
    }
    fs::rename(&unfinished, file).map_err(|error| format!("{}: {error}", file.display()))
}

/// Has a compiler write a product of tests with this name, and returns its path: `command` lacks
/// only `-o`.
pub fn build(command: &mut Command, name: impl AsRef<Path>) -> PathBuf {
    let product = product(name);
    try_build(command, &product).unwrap_or_else(|error| panic!("{error}"));
    product
}

/// Builds C files of a package into a product of tests with this name. They may include what is in
/// `c_tests`.
pub fn compile(package: &str, sources: &[&str], name: &str, flags: &[&str]) -> PathBuf {
    let mut command = c11();
    command.args(["-O2", "-g", "-pthread", "-I"]).arg(crate::cargo::root().join("c_tests"));
    command.args(sources.iter().map(|source| Path::new(package).join(source)));
    build(command.args(flags), name)
}

/// Compiles C, of any dialect and with any warnings, into `folder/name`.
pub fn compile_text(folder: &Path, name: &str, source: &str, options: &[&str]) -> PathBuf {
    let (file, program) = (folder.join(format!("{name}.c")), folder.join(name));
    fs::write(&file, source).expect("the folder is ours");
    run(compiler().arg(&file).arg("-o").arg(&program).args(options));
    program
}

/// The folder of `libepshim.so` and `libepshim.a`: cargo puts them beside the tests of their
/// package.
pub fn library_folder() -> PathBuf {
    let program = env::current_exe().expect("a program knows its path");
    let folder = program.parent().expect("a program lies in a folder");
    for library in ["libepshim.so", "libepshim.a"] {
        let path = folder.join(library);
        assert!(path.is_file(), "{} is missing: cargo builds it before the tests", path.display());
    }
    folder.to_owned()
}

/// Adds what links a program with the `libepshim.so` in `folder`.
pub fn link_with_epshim<'a>(command: &'a mut Command, folder: &Path) -> &'a mut Command {
    command.arg("-L").arg(folder).arg("-lepshim").arg(run_path(folder))
}

/// The linker's option that has a program find its library in `folder`, and not where
/// `LD_LIBRARY_PATH` says: cargo sets it for tests, and puts the folder first where an earlier
/// `cargo build` may have left another libepshim. DT_RPATH comes before it, DT_RUNPATH after it
/// (ld.so(8)).
fn run_path(folder: &Path) -> OsString {
    let mut option = OsString::from("-Wl,--disable-new-dtags,-rpath,");
    option.push(folder);
    option
}

#[cfg(test)]
mod tests {
    use super::WARNINGS;
    use std::fs;

    #[test]
    fn the_makefile_has_the_same_warnings() {
        let makefile = fs::read_to_string(crate::cargo::root().join("Makefile")).unwrap();
        let line = makefile.lines().find_map(|line| line.strip_prefix("warnings := "));
        assert_eq!(line, Some(&*WARNINGS.join(" ")));
    }
}
