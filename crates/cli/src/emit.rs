//! `--emit`: the structure, the constants and the calls as a source file, one module for each language.
//!
//! A language module owns one template and the rules by which its language expresses alignment;
//! every number comes from the target's row of the golden table. What all the files say in words is
//! in `words.rs`, what architectures are called elsewhere in `architectures.rs`.
//!
//! Each emitted file checks itself: it refuses to compile or to load where the layout that its own compiler
//! or library made of it is not the table's, or where the system, the machine, the byte order or the word
//! size is another. A C library is asked for only where it changes the layout. Plain declarations (`cdef`)
//! cannot ask anything; the lines that load them do, and stand in their heading.

mod architectures;
mod bpftrace;
mod c;
mod cdef;
mod csharp;
mod d;
mod go;
mod java;
mod nim;
mod node;
mod python;
mod ruby;
mod rust;
mod words;
mod zig;

use clap::ValueEnum;
use epshim_layouts::Row;

/// Languages that a definition can be written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// A header for C11 and C++11, for GCC and Clang
    C,
    /// A module without dependencies
    Rust,
    /// A file to @import
    Zig,
    /// A module on ctypes
    Python,
    /// A package on the standard library alone
    Go,
    /// A class on java.lang.foreign, Java 22 and later
    Java,
    /// Classes on P/Invoke
    Csharp,
    /// An ES module on koffi
    Node,
    /// Plain declarations, for LuaJIT, PHP's FFI and Python's cffi
    Cdef,
    /// A module for every D compiler
    D,
    /// A module through C, without a header
    Nim,
    /// A module on the gem ffi
    Ruby,
    /// A script with the definitions and a probe
    Bpftrace,
}

/// The source file for the target of this row.
pub fn text(language: Language, row: &Row) -> String {
    match language {
        Language::C => c::text(row),
        Language::Rust => rust::text(row),
        Language::Zig => zig::text(row),
        Language::Python => python::text(row),
        Language::Go => go::text(row),
        Language::Java => java::text(row),
        Language::Csharp => csharp::text(row),
        Language::Node => node::text(row),
        Language::Cdef => cdef::text(row),
        Language::D => d::text(row),
        Language::Nim => nim::text(row),
        Language::Ruby => ruby::text(row),
        Language::Bpftrace => bpftrace::text(row),
    }
}
