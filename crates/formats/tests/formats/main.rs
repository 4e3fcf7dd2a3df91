//! Each form, read back by a reader that is not ours: a SARIF library and SARIF's own schema, a JUnit reader,
//! and GitHub's way of taking a command apart.

mod github;
mod junit;
mod sample;
mod sarif;
mod silence;
