//! The Rust that the table makes: `exports.rs` (what the library exports), `io_kind.rs`.

use crate::table::{Function, Kind, Only};
use std::fmt::Write;

/// The names that the library exports: calls of the macro of `src/exports.rs`.
pub fn exports(functions: &[Function]) -> String {
    let everywhere = list(functions, None);
    let time64 = list(functions, Some(Only::Time64));
    // Not x32's, whose time_t always had 64 bits.
    format!(
        "export! {{\n{everywhere}}}\n\n\
         #[cfg(all(target_env = \"gnu\", target_pointer_width = \"32\", not(target_arch = \"x86_64\")))]\n\
         export! {{\n{time64}}}\n"
    )
}

fn list(functions: &[Function], only: Option<Only>) -> String {
    let mut text = String::new();
    for Function { name, .. } in
        functions.iter().filter(|function| function.is_exported && function.only == only)
    {
        let _ = writeln!(text, "    {name} => hook_{name}");
    }
    text
}

/// `enum io_kind` as Rust has it.
pub fn io_kinds(kinds: &[Kind]) -> String {
    let mut text = "/// What kind of input or output a call is.\n\
                    #[derive(Debug, Clone, Copy, PartialEq, Eq)]\n\
                    #[repr(u32)]\n\
                    #[allow(dead_code)] // the hooks make them\n\
                    pub enum IoKind {\n"
        .to_owned();
    for Kind { name, means } in kinds {
        let _ = writeln!(text, "    /// {means}\n    {name},");
    }
    text + "}\n"
}
