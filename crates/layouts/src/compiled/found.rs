//! What is found in a compiled program: definitions of epoll's structure, and where each of them stands.
//!
//! Plain data. Who finds it are `walk.rs` (DWARF) and `btf.rs`; who compares it with the golden table is
//! `verdict.rs`. Names are as the file has them: they may be no UTF-8 and contain anything, so that they are
//! made printable where they are shown.

/// How sure it is that a structure is the one that the kernel reads and writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// A name like it, and its shape, in a program that uses epoll.
    Suspected,
    /// Epoll's own name. It is certain if it has the shape, too.
    Named,
    /// A parameter of epoll's own functions points to it, or the user says so.
    Certain,
}

/// A part of a structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Part {
    /// In bytes from the structure's begin.
    pub offset: u64,
    /// In bytes.
    pub width: u64,
}

/// The layout of a structure, as far as its debugging information says it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Found {
    /// In bytes.
    pub size: u64,
    /// Where the producer records it.
    pub align: Option<u64>,
    /// The events and the data, where the members show which they are.
    pub parts: Result<(Part, Part), String>,
}

/// Where a definition stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Source {
    /// The compilation unit.
    pub unit: String,
    /// The file of the definition.
    pub file: Option<String>,
    /// The line of the definition.
    pub line: Option<u64>,
    /// What compiled it.
    pub producer: String,
}

/// One structure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// With what it lies in, as its language writes that.
    pub name: String,
    /// How sure it is.
    pub certainty: Certainty,
    /// Why.
    pub because: String,
    /// Its layout.
    pub found: Found,
    /// Where the first stands.
    pub source: Source,
    /// In how many units it stands.
    pub units: usize,
}

/// Adds a definition; one that is there already counts once more.
pub fn add(definitions: &mut Vec<Definition>, new: Definition) {
    let is_same = |old: &&mut Definition| {
        let place = |one: &Definition| (one.source.file.clone(), one.source.line);
        (old.name.ends_with(&new.name) || new.name.ends_with(&old.name))
            && old.found == new.found
            && place(old) == place(&new)
            && old.source.producer == new.source.producer
    };
    match definitions.iter_mut().find(is_same) {
        Some(old) => {
            old.units += usize::from(old.source.unit != new.source.unit);
            if new.certainty > old.certainty {
                (old.certainty, old.because) = (new.certainty, new.because);
            }
        }
        None => definitions.push(new),
    }
}
