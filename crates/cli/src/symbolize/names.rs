//! Function, file and line of addresses in modules, for this command's own use.

use super::module::Module;
use epshim_report::Symbol;
use epshim_report::dialogue::symbol;
use std::collections::HashMap;
use std::path::Path;

/// What is known of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    pub function: Option<String>,
    pub file: Option<String>,
    pub line: Option<u32>,
}

/// Modules that were opened.
#[derive(Default)]
pub struct Names(HashMap<String, Option<Module>>);

impl Names {
    /// The innermost function at an address of a file, as the ELF file counts it.
    pub fn find(&mut self, module: &str, address: u64) -> Option<Name> {
        if !module.starts_with('/') {
            return None;
        }
        let open = || Module::open(Path::new(module));
        let module = self.0.entry(module.to_owned()).or_insert_with(open).as_ref()?;
        name(&module.frames(address))
    }
}

/// The first line of an answer.
fn name(answer: &str) -> Option<Name> {
    let Symbol { function, file, line, .. } = symbol(answer.lines().next()?)?;
    Some(Name { function: Some(function).filter(|function| function != "??"), file, line })
}
