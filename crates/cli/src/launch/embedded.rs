//! The preload libraries inside this command, where it was built as one file (`packaging/static.sh`): ld.so
//! loads files only, so the one that the program needs is written to a folder of the user's own (`cache.rs`).
//!
//! It is unpacked where it is not there yet. It is not removed: other programs that run may have it open, and
//! the next start finds it.

use super::cache::{self, Content};
use super::elf::Libc;
use super::failure::Failure;
use flate2::read::ZlibDecoder;
use std::io::Read as _;
use std::path::PathBuf;

/// A library as the build script packed it.
struct Packed {
    bytes: &'static [u8],
    /// Of the library, in hexadecimal digits.
    sha256: &'static str,
}

static GLIBC: Packed = Packed {
    bytes: include_bytes!(concat!(env!("OUT_DIR"), "/glibc.z")),
    sha256: include_str!(concat!(env!("OUT_DIR"), "/glibc.sha256")),
};
static MUSL: Packed = Packed {
    bytes: include_bytes!(concat!(env!("OUT_DIR"), "/musl.z")),
    sha256: include_str!(concat!(env!("OUT_DIR"), "/musl.sha256")),
};

/// The path of the library for this C library; nothing if it is not inside.
pub fn library(libc: Libc) -> Result<Option<PathBuf>, Failure> {
    let packed = match libc {
        Libc::Glibc => &GLIBC,
        Libc::Musl => &MUSL,
        Libc::Bionic => return Ok(None),
    };
    if packed.bytes.is_empty() {
        return Ok(None);
    }
    let unpack = || {
        let mut bytes = Vec::new();
        ZlibDecoder::new(packed.bytes).read_to_end(&mut bytes).expect("packed by the build script");
        bytes
    };
    let name = file_name(libc, packed.sha256);
    let content = Content { sha256: packed.sha256, unpack: &unpack };
    cache::written(&name, &content, &cache::folders()).map(Some)
}

/// A build's library has a name of its own.
fn file_name(libc: Libc, sha256: &str) -> String {
    format!("libepshim_preload-{}-{libc}-{}.so", env!("CARGO_PKG_VERSION"), &sha256[..16])
}
