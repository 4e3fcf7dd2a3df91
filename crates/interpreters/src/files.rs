//! Where a program's file has what the readers begin with: symbols and sections, of stripped files too.
//!
//! The addresses are the file's own; what the loader has moved them by is added by the caller.

use object::elf::FileHeader64;
use object::read::elf::ElfFile;
use object::{LittleEndian, Object, ObjectSection, ObjectSegment, ObjectSymbol};
use std::ops::Range;

/// What a program of Go's has for [`crate::go`].
#[derive(Debug)]
pub struct Go<'a> {
    /// The table of functions.
    pub table: &'a [u8],
    /// The table's address.
    pub address: u64,
    /// Where the text begins, as far as the file says.
    pub text: u64,
    /// The sections of data.
    pub data: Vec<Range<u64>>,
}

/// A program's or a library's file, of 64 bits.
pub struct File<'a>(ElfFile<'a, FileHeader64<LittleEndian>>);

impl<'a> File<'a> {
    /// Reads the head of a file. `None`: it is not one of these.
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        ElfFile::parse(bytes).ok().map(Self)
    }

    /// The address of a symbol: of those that the loader uses, and else of the others.
    #[must_use]
    pub fn symbol(&self, name: &str) -> Option<u64> {
        let of = |symbol: &object::read::elf::ElfSymbol<'_, '_, FileHeader64<LittleEndian>>| {
            symbol.is_definition() && symbol.name() == Ok(name)
        };
        let found = self.0.dynamic_symbols().find(of).or_else(|| self.0.symbols().find(of))?;
        Some(found.address())
    }

    /// The address of a symbol, or where a stripped CPython from 3.10 on has it: in a section of its own.
    #[must_use]
    pub fn python_runtime(&self) -> Option<u64> {
        self.symbol("_PyRuntime").or_else(|| self.section(".PyRuntime").map(|(address, _)| address))
    }

    /// Go's tables. `None`: it is no program of Go's.
    #[must_use]
    pub fn go(&self) -> Option<Go<'a>> {
        // A program that may lie at any address has it among what the loader changes once.
        let names = [".gopclntab", ".data.rel.ro.gopclntab"];
        let (address, table) = names.into_iter().find_map(|name| self.section(name))?;
        let text = self.symbol("runtime.text").or_else(|| Some(self.section(".text")?.0))?;
        let is_data = |name: &str| ["data", "go.module"].iter().any(|part| name.contains(part));
        let data = self.0.sections().filter(|one| one.name().is_ok_and(is_data));
        let data = data.map(|one| one.address()..one.address().saturating_add(one.size()));
        Some(Go { table, address, text, data: data.collect() })
    }

    /// The lowest address of what is loaded: what the loader puts there is moved by the difference.
    #[must_use]
    pub fn first_address(&self) -> Option<u64> {
        self.0.segments().map(|segment| segment.address()).min()
    }

    /// The address and the bytes of a section.
    #[must_use]
    pub fn section(&self, name: &str) -> Option<(u64, &'a [u8])> {
        let section = self.0.section_by_name(name)?;
        Some((section.address(), section.data().ok()?))
    }
}
