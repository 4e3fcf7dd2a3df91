//! The echo servers as programs, each built once for a test program.

#[cfg(feature = "verify")]
use epshim_harness::c_compiler::{build, compiler, library_folder, link_with_epshim};
use epshim_harness::cargo;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::OnceLock;

/// The C server on libc's epoll.
#[cfg(feature = "verify")]
pub fn c_on_libc() -> PathBuf {
    env!("EPSHIM_C_ECHO_ON_LIBC").into()
}

/// The same source on epshim's.
#[cfg(feature = "verify")]
pub fn c_on_epshim() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let objects = env!("EPSHIM_C_ECHO_OBJECTS");
    PROGRAM.get_or_init(|| linked_with_epshim(objects, "echo-on-epshim")).clone()
}

/// The C server on `epshim_reactor_*`.
#[cfg(feature = "verify")]
pub fn c_on_the_reactor() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let objects = env!("EPSHIM_C_ECHO_REACTOR_OBJECTS");
    PROGRAM.get_or_init(|| linked_with_epshim(objects, "echo-on-the-reactor")).clone()
}

/// Links the objects that `build.rs` compiled with the library.
#[cfg(feature = "verify")]
fn linked_with_epshim(objects: &str, name: &str) -> PathBuf {
    let mut command = compiler();
    command.args(objects.split(':')).arg("-pthread");
    build(link_with_epshim(&mut command, &library_folder()), name)
}

/// The Rust server: `examples/echo`. Cargo builds no examples for `cargo test --test echo`, so that it is
/// built here. Where there is no cargo, the one that lies where cargo puts it must do.
pub fn rust() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let features: &[&str] = if cfg!(feature = "verify") {
        &[]
    } else {
        &["--no-default-features", "--features", "std"]
    };
    let example = || match cargo::example("epshim", "echo", features) {
        Err(error) if error.kind() == ErrorKind::NotFound => cargo::folder().join("examples/echo"),
        built => built.unwrap_or_else(|error| panic!("{error}")),
    };
    PROGRAM.get_or_init(example).clone()
}
