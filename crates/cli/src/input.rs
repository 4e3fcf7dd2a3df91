//! Files that others name, and that this command reads: opened so that it never waits for one to begin, and
//! read so that none fills the memory.
//!
//! Only regular files are read as ELF files. A text may come from a pipe, too: then its end is waited for, as
//! every tool does, but not beyond a length.
//!
//! Surprising: that an ELF file is read in pieces, whose lengths it says itself, needs no bound here. No
//! piece is larger than the file, and one that is larger than the memory is an error.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Opens a regular file. Nothing else is waited for: opening a FIFO would.
pub fn regular(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("it is no regular file"))
    }
}

/// Reads a text to its end, of at most this many bytes.
pub fn text(file: File, limit: u64) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    if file.take(limit + 1).read_to_end(&mut text)? as u64 > limit {
        return Err(io::Error::other(format!("it is longer than {} KiB", limit >> 10)));
    }
    Ok(text)
}
