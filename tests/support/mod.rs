//! The reader of the misuse corpus, and what it needs of the harness.

/// The C compiler, and how it is run.
pub mod c_compiler {
    pub use epshim_harness::c_compiler::compiler;
    pub use epshim_harness::process::run;
}
pub mod misuse;
