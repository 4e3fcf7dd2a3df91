//! A program's file or a library's: its bytes, and what its addresses are moved by in the process.

use crate::gather::Folder;
use crate::texts::maps::Mapping;
use epshim_interpreters::files::File;
use std::io::Read as _;

/// A larger file is no program.
const LARGEST: u64 = 1 << 30;

/// A file that is mapped.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) bytes: Vec<u8>,
    pub(super) moved_by: u64,
}

impl Loaded {
    /// The program itself.
    pub(super) fn program(process: &Folder, mappings: &[Mapping]) -> Option<Self> {
        let mut space = [0; 4096];
        let path = String::from_utf8_lossy(process.link("exe", &mut space).ok()?).into_owned();
        Self::read(process, "exe", &path, mappings)
    }

    /// A library, by the path that it is mapped with.
    pub(super) fn library(process: &Folder, path: &str, mappings: &[Mapping]) -> Option<Self> {
        Self::read(process, &format!("root{path}"), path, mappings)
    }

    fn read(process: &Folder, name: &str, path: &str, mappings: &[Mapping]) -> Option<Self> {
        let first = mappings.iter().find(|one| one.path == path && one.offset == 0)?;
        let mut bytes = Vec::new();
        let file = std::fs::File::from(process.file(name).ok()?);
        file.take(LARGEST).read_to_end(&mut bytes).ok()?;
        // The loader maps whole pages.
        let page = 0xfff;
        let lowest = File::parse(&bytes)?.first_address()? & !page;
        Some(Self { moved_by: first.range.start.wrapping_sub(lowest), bytes })
    }

    /// Its parts.
    pub(super) fn file(&self) -> Option<File<'_>> {
        File::parse(&self.bytes)
    }
}
