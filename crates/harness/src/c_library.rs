//! The C library as it is installed: without std, built by `make library` as the sources are now.
//!
//! What cargo builds beside the tests of the root package is the same library with std
//! ([`library_folder`](crate::c_compiler::library_folder)). Both keep the same promises, so the C tests
//! are linked with both.

use crate::cargo::root;
use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Once;

/// make in the root of the workspace, as a user calls it: not as a part of the make that may run the tests.
pub fn make() -> Command {
    let mut make = Command::new("make");
    for name in ["MAKEFLAGS", "MFLAGS", "MAKELEVEL", "DESTDIR", "PREFIX", "LIBDIR"] {
        make.env_remove(name);
    }
    make.arg("-C").arg(root());
    make
}

/// Has make build it. The error is `NotFound` where there is no make, and says otherwise what make said.
fn build() -> io::Result<()> {
    let mut make = make();
    let output = make.arg("library").output()?;
    if output.status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!("{make:?}: {}\n{errors}", output.status)))
}

/// The folder of `libepshim.so`, and of the link that has its SONAME. A process has it built once; where there is
/// no make, what is there must do.
pub fn folder() -> PathBuf {
    static BUILD: Once = Once::new();
    let folder = root().join("target/capi");
    BUILD.call_once(|| match build() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            assert!(folder.join("libepshim.so").is_file(), "there is no make, and no libepshim.so");
        }
        built => built.unwrap_or_else(|error| panic!("{error}")),
    });
    folder
}

/// `libepshim.so`, with its symbols.
pub fn shared() -> PathBuf {
    folder().join("libepshim.so")
}

/// `libepshim.a`: one object.
pub fn archive() -> PathBuf {
    folder().join("archive/libepshim.a")
}
