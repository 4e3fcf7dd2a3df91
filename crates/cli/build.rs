//! Tells the command which Rust target it is built for: only a build script is told the whole name. And puts
//! preload libraries into it, where `EPSHIM_EMBED_GLIBC` and `EPSHIM_EMBED_MUSL` name their files: a command
//! that is one file (`packaging/static.sh`).

use flate2::Compression;
use flate2::write::ZlibEncoder;
use sha2::{Digest as _, Sha256};
use std::io::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = env::var("TARGET").expect("cargo sets TARGET");
    println!("cargo::rustc-env=EPSHIM_TARGET={target}");
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    for libc in ["glibc", "musl"] {
        embed(libc, Path::new(&out));
    }
}

/// Packed, with its SHA-256 in a file beside it; both are empty where there is no library to embed.
fn embed(libc: &str, out: &Path) {
    let variable = format!("EPSHIM_EMBED_{}", libc.to_uppercase());
    println!("cargo::rerun-if-env-changed={variable}");
    let (mut packed, mut sha256) = (Vec::new(), String::new());
    if let Some(path) = env::var_os(&variable).filter(|path| !path.is_empty()) {
        println!("cargo::rerun-if-changed={}", path.to_string_lossy());
        let library = fs::read(&path)
            .unwrap_or_else(|error| panic!("{variable}: {}: {error}", path.to_string_lossy()));
        sha256 = Sha256::digest(&library).iter().map(|byte| format!("{byte:02x}")).collect();
        let mut encoder = ZlibEncoder::new(&mut packed, Compression::best());
        encoder.write_all(&library).and_then(|()| encoder.try_finish()).expect("into memory");
    }
    for (end, bytes) in [("z", packed), ("sha256", sha256.into_bytes())] {
        fs::write(out.join(format!("{libc}.{end}")), bytes).expect("cargo's folder can be written");
    }
}
