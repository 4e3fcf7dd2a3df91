//! The preload libraries inside this command, where it was built as one file (`packaging/static.sh`): ld.so
//! loads files only, so the one that the program needs is written to a folder of the user's own (`cache.rs`).
//!
//! They are in one stream, one after the other, because most of what they have is the same
//! (`packaging/pack_libraries.py`). It is unpacked where the file is not there yet. That is not removed: other programs
//! that run may have it open, and the next start finds it.

use super::cache::{self, Content};
use super::elf::Libc;
use super::failure::Failure;
use lzma_rust2::Lzma2Reader;
use std::io::{self, Read as _};
use std::path::PathBuf;

/// A line for each library, in their order in the stream: the C library it is for, bytes, SHA-256.
static LIBRARIES: &str = include_str!(concat!(env!("OUT_DIR"), "/libraries"));
static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/libraries.lzma2"));
/// Of the stream: both libraries and more, so that the second is packed with what the first has.
const DICTIONARY: u32 = 8 << 20;

/// A library's place in the stream.
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
    let mut stream = unfiltered(Lzma2Reader::new(packed, DICTIONARY, None));
    io::copy(&mut stream.by_ref().take(place.start), &mut io::sink())?;
    let mut bytes = Vec::new();
    stream.take(place.length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Code for x86 names the functions that it calls by their distance, which is another in each call of one function.
/// Packed were their addresses.
fn unfiltered<'a>(stream: impl io::Read + 'a) -> impl io::Read + 'a {
    #[cfg(target_arch = "x86_64")]
    let stream = lzma_rust2::filter::bcj::BcjReader::new_x86(stream, 0);
    stream
}

/// A build's library has a name of its own.
fn file_name(libc: Libc, sha256: &str) -> String {
    format!("libepshim_preload-{}-{libc}-{}.so", env!("CARGO_PKG_VERSION"), &sha256[..16])
}

#[cfg(test)]
mod tests {
    use super::*;
    use epshim_harness::tools;
    use std::process::Command;
    use std::{env, fs};

    const LINES: &str = "glibc 5 ab\nmusl 4 cd\n";

    #[test]
    fn each_is_found_by_its_c_library() {
        let glibc = find(LINES, Libc::Glibc).unwrap();
        assert_eq!(glibc, Place { start: 0, length: 5, sha256: "ab" });
        let musl = find(LINES, Libc::Musl).unwrap();
        assert_eq!(musl, Place { start: 5, length: 4, sha256: "cd" });
    }

    /// With code of this machine, and twice, as the libraries are.
    #[test]
    fn what_the_packager_has_packed_is_unpacked() {
        if !tools::is_installed("python3") {
            return;
        }
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packaging/pack_libraries.py");
        let folder = env::temp_dir().join(format!("epshim-packed-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let code = fs::read("/bin/sh").unwrap();
        let more = [&code[..], b"more"].concat();
        let files = [("glibc", &code), ("musl", &more)].map(|(name, bytes)| {
            fs::write(folder.join(name), bytes).unwrap();
            format!("{name}={}", folder.join(name).display())
        });
        let mut python = Command::new("python3");
        python.arg(script).arg(env::consts::ARCH).arg(&folder).args(&files);
        assert!(python.status().unwrap().success());
        let lines = fs::read_to_string(folder.join("libraries")).unwrap();
        let packed = fs::read(folder.join("libraries.lzma2")).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        for (libc, bytes) in [(Libc::Glibc, &code), (Libc::Musl, &more)] {
            let place = find(&lines, libc).unwrap();
            assert!(unpacked(&packed, &place).unwrap() == *bytes, "{libc}");
            assert_eq!(place.sha256, cache::sha256(&bytes[..]).unwrap());
        }
        assert!(packed.len() < code.len(), "the second is packed with what the first has");
    }

    #[test]
    fn what_is_not_inside_is_not_found() {
        assert_eq!(find(LINES, Libc::Bionic), None);
        assert_eq!(find("", Libc::Glibc), None);
    }
}
