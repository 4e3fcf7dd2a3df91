//! The project is built as docs/design.md says ("What is where"): each test here holds one of the invariants
//! that are named there.

mod crates;
mod files;
mod floors;
