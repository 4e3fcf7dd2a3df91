//! The preload libraries inside this command, where it was built as one file (`packaging/static.sh`): ld.so
//! loads files only, so the one that the program needs is written to a folder of the user's own (`cache.rs`).
//!
//! They are in one frame, one after the other, because most of what they have is the same
//! (`packaging/pack_libraries.py`). It is unpacked where the file is not there yet. That is not removed: other programs
//! that run may have it open, and the next start finds it.

use super::cache::{self, Content};
use super::elf::Libc;
use super::failure::Failure;
use ruzstd::decoding::StreamingDecoder;
use std::io::{self, Read as _};
use std::path::PathBuf;

/// A line for each library, in their order in the frame: the C library it is for, bytes, SHA-256.
static LIBRARIES: &str = include_str!(concat!(env!("OUT_DIR"), "/libraries"));
static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/libraries.zst"));

/// A library's place in the frame.
#[derive(Debug, PartialEq)]
struct Place<'a> {
    /// Bytes before it.
    start: u64,
    /// Its bytes.
    length: u64,
    /// In hexadecimal digits.
    sha256: &'a str,
}

/// The path of the library for this C library; nothing if it is not inside.
pub fn library(libc: Libc) -> Result<Option<PathBuf>, Failure> {
    let Some(place) = find(LIBRARIES, libc) else { return Ok(None) };
    let unpack = || unpacked(PACKED, &place).expect("packed when this was built");
    let name = file_name(libc, place.sha256);
    let content = Content { sha256: place.sha256, unpack: &unpack };
    cache::written(&name, &content, &cache::folders()).map(Some)
}

fn find(lines: &str, libc: Libc) -> Option<Place<'_>> {
    let mut start = 0;
    for line in lines.lines() {
        let [name, length, sha256] = line.split(' ').collect::<Vec<_>>().try_into().ok()?;
        let length = length.parse().ok()?;
        if name == libc.to_string() {
            return Some(Place { start, length, sha256 });
        }
        start += length;
    }
    None
}

fn unpacked(packed: &[u8], place: &Place) -> io::Result<Vec<u8>> {
    let mut frame = StreamingDecoder::new(packed).map_err(io::Error::other)?;
    io::copy(&mut frame.by_ref().take(place.start), &mut io::sink())?;
    let mut bytes = Vec::new();
    frame.take(place.length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A build's library has a name of its own.
fn file_name(libc: Libc, sha256: &str) -> String {
    format!("libepshim_preload-{}-{libc}-{}.so", env!("CARGO_PKG_VERSION"), &sha256[..16])
}

#[cfg(test)]
mod tests {
    use super::*;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    const LINES: &str = "glibc 5 ab\nmusl 4 cd\n";

    #[test]
    fn each_is_found_and_unpacked_by_its_c_library() {
        let packed = compress_to_vec(&b"firstnext"[..], CompressionLevel::Fastest);
        let glibc = find(LINES, Libc::Glibc).unwrap();
        assert_eq!(unpacked(&packed, &glibc).unwrap(), b"first");
        let musl = find(LINES, Libc::Musl).unwrap();
        assert_eq!(musl, Place { start: 5, length: 4, sha256: "cd" });
        assert_eq!(unpacked(&packed, &musl).unwrap(), b"next");
    }

    #[test]
    fn what_is_not_inside_is_not_found() {
        assert_eq!(find(LINES, Libc::Bionic), None);
        assert_eq!(find("", Libc::Glibc), None);
    }
}
