//! What the project's sources say of its structure: which file names what of which other, and which crate
//! depends on which.
//!
//! [`Crate`] reads the files of one crate as rustc does, from its root along the `mod` declarations, and
//! resolves every path that they write (in `use`, in expressions and types, in the arguments of macros) to
//! the file that defines what is named. [`Crate::circles`] are the circles among those files.
//! [`Project`] is the workspace: its packages, with their manifests and the roots of their crates.
//!
//! Nothing is compiled, so types are not known: a call of a method is no arrow to the file of the method.
//! Nor is a `mod` declaration an arrow, nor the import of a module: only what is named in it counts.
//! `#[cfg(test)]` is left out.
//!
//! `tests/structure` holds the project to the map in docs/design.md. The map as it is, with the lines of
//! each file: `cargo run -p epshim-structure --example map`.

#![forbid(unsafe_code)]

mod arrows;
mod circles;
mod conditions;
mod names;
mod project;
mod source;

pub use circles::{Arrow, Circle};
pub use names::Name;
pub use project::{Dependency, Kind, Package, Project};
pub use source::{Crate, File};
