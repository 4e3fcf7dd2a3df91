//! Tells the command which Rust target it is built for: only a build script is told the whole name. And puts
//! preload libraries into it, where `EPSHIM_EMBED` names the folder that they were packed into: a command that is
//! one file (`packaging/static.sh`).

use std::path::Path;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = env::var("TARGET").expect("cargo sets TARGET");
    println!("cargo::rustc-env=EPSHIM_TARGET={target}");
    println!("cargo::rerun-if-env-changed=EPSHIM_EMBED");
    let folder = env::var_os("EPSHIM_EMBED").filter(|folder| !folder.is_empty());
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    // Both are empty where there is nothing to embed.
    for name in ["libraries", "libraries.lzma2"] {
        let bytes = folder.as_ref().map_or_else(Vec::new, |folder| {
            let path = Path::new(folder).join(name);
            println!("cargo::rerun-if-changed={}", path.display());
            fs::read(&path)
                .unwrap_or_else(|error| panic!("EPSHIM_EMBED: {}: {error}", path.display()))
        });
        fs::write(Path::new(&out).join(name), bytes).expect("cargo's folder can be written");
    }
}
