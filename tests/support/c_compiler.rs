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
    let mut command = compiler();
    command.args(inputs).arg("-pthread").arg("-o").arg(&unfinished);
    command.arg("-L").arg(&libraries).arg("-lepshim").arg(run_path(&libraries));
    run(&mut command);
    std::fs::rename(&unfinished, &product).expect("the folder of the products is ours");
    product
}

/// The linker's option that has a program find its library in `folder`, whatever
/// `LD_LIBRARY_PATH` says: cargo sets it for tests, and puts the folder first where an earlier
/// `cargo build` may have left another libepshim. DT_RPATH comes before it, DT_RUNPATH after it
/// (ld.so(8)).
pub fn run_path(folder: &Path) -> OsString {
    let mut option = OsString::from("-Wl,--disable-new-dtags,-rpath,");
    option.push(folder);
    option
}

/// Runs a command that must succeed.
pub fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{errors}", output.status);
}
