//! The committed object is what its source compiles to, byte for byte. Only Debian 12's clang makes these bytes.

use epshim_harness::cargo;
use epshim_harness::products::folder;
use std::fs;
use std::process::Command;

/// Whether the compiler is the one; says so where it is not.
fn is_the_compiler() -> bool {
    let version = Command::new("clang-14").arg("--version").output();
    let text =
        version.map(|it| String::from_utf8_lossy(&it.stdout).into_owned()).unwrap_or_default();
    let is_it = text.starts_with("Debian clang version 14.0.6");
    let strips = Command::new("llvm-strip-14").arg("--version").output().is_ok();
    if !is_it || !strips {
        eprintln!("skipped: this is not the clang 14.0.6 and llvm-strip of Debian 12: {text:?}");
    }
    is_it && strips
}

#[test]
fn the_object_is_what_its_source_compiles_to_in_any_folder() {
    if !is_the_compiler() {
        return;
    }
    let place = cargo::root().join("crates/trace/bpf");
    let committed = fs::read(place.join("calls.x86_64.o")).unwrap();
    // Also from a copy elsewhere: no path of a machine is in it.
    let copy = folder("bpf-copy");
    for name in ["build.sh", "calls.bpf.c", "kernel.h"] {
        fs::copy(place.join(name), copy.join(name)).unwrap();
    }
    for script in [place.join("build.sh"), copy.join("build.sh")] {
        let object = copy.join("built.o");
        let status = Command::new("sh").arg(script).arg(&object).status().unwrap();
        assert!(status.success());
        assert!(
            fs::read(&object).unwrap() == committed,
            "crates/trace/bpf/build.sh makes another object"
        );
    }
}
