//! Tells the command which Rust target it is built for: only a build script is told the whole name.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = std::env::var("TARGET").expect("cargo sets TARGET");
    println!("cargo::rustc-env=EPSHIM_TARGET={target}");
}
