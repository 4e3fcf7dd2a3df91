//! Builds C programs at test time with the system's C compiler, against the library that cargo
//! has just built.
//!
//! A program is written under a name of its own and renamed into place, so that two test programs
//! which build the same one at the same time do not disturb each other.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{self, Command};

/// The folder of `libepshim.so` and `libepshim.a`: cargo puts them beside the test programs.
pub fn library_folder() -> PathBuf {
    let program = env::current_exe().expect("a program knows its path");
    let folder = program.parent().expect("a program lies in a folder");
    for library in ["libepshim.so", "libepshim.a"] {
        let path = folder.join(library);
        assert!(path.is_file(), "{} is missing: cargo builds it before the tests", path.display());
    }
    folder.to_owned()
}

/// The C compiler: `$CC`, or `cc`.
pub fn compiler() -> Command {
    Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()))
}

/// Links `inputs`, which may be C files or objects, with `libepshim.so` into `program`, a name
/// below cargo's folder for the products of tests, and returns its path.
pub fn link_with_epshim(inputs: &[&Path], program: &str) -> PathBuf {
    let product = Path::new(env!("CARGO_TARGET_TMPDIR")).join(program);
    let unfinished = product.with_extension(process::id().to_string());
    let libraries = library_folder();
    let mut rpath = OsString::from("-Wl,-rpath,");
    rpath.push(&libraries);
    let mut command = compiler();
    command.args(inputs).arg("-o").arg(&unfinished);
    command.arg("-L").arg(&libraries).arg("-lepshim").arg(rpath);
    run(&mut command);
    std::fs::rename(&unfinished, &product).expect("the folder of the products is ours");
    product
}

/// Runs a command that must succeed.
pub fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{errors}", output.status);
}
