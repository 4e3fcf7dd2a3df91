//! The two ways in which bindgen was seen to be fooled, replayed on the root package's own build script:
//! it must stop the build with a sentence, because the layout it would otherwise prove is another
//! target's. Both feed it the headers of this machine, so no cross compiler is needed.
//!
//! cargo also fails to find a standard library for these targets; that is beside the point, and why
//! it is told to keep going.
#![cfg(all(target_arch = "x86_64", target_env = "gnu"))]

use std::fs;
use std::path::Path;
use std::process::Command;

/// What cargo says when it builds the shim for a target with the headers of this machine.
fn build_for(triple: &str) -> String {
    let headers = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stubs").join(triple);
    // The one file that Debian's headers miss for another word size. Where gcc-multilib is
    // installed, or the distribution is not multiarch, it is there and nothing warns at all.
    fs::create_dir_all(headers.join("gnu")).unwrap();
    fs::write(headers.join("gnu/stubs-32.h"), "").unwrap();
    let arguments = format!(
        "-isystem {} -isystem /usr/include/x86_64-linux-gnu -isystem /usr/include",
        headers.display()
    );
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root).env("BINDGEN_EXTRA_CLANG_ARGS", &arguments);
    cargo.args(["check", "--offline", "--keep-going", "--color=never", "-p", "epshim", "--lib"]);
    let output = cargo.args(["--target", triple]).output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn musl_on_i686_reading_glibcs_header_stops_the_build() {
    let errors = build_for("i686-unknown-linux-musl");
    let sentence = "the <sys/epoll.h> that bindgen reads for i686-linux-musl has align = 1, but on that \
                    target it is 4 (docs/layouts.toml)";
    assert!(errors.contains(sentence), "{errors}");
    assert!(errors.contains("check the sysroot and BINDGEN_EXTRA_CLANG_ARGS"), "{errors}");
}

#[test]
fn aarch64_reading_the_headers_of_x86_stops_the_build() {
    let errors = build_for("aarch64-unknown-linux-gnu");
    let sentence = "the <sys/epoll.h> that bindgen reads for aarch64-linux-gnu has align = 1, but on that \
                    target it is 8 (docs/layouts.toml) (and 2 more differ)";
    assert!(errors.contains(sentence), "{errors}");
}
