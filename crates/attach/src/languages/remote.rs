//! Memory, as the readers of `crates/interpreters` ask for it.

use crate::gather::Memory;
use epshim_interpreters::{Module, Process};

/// Memory, as the readers ask for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Remote<'a>(pub(super) &'a Memory);

impl Process for Remote<'_> {
    fn read(&mut self, address: u64, to: &mut [u8]) -> usize {
        self.0.read(address, to)
    }

    fn module_at(&mut self, _address: u64) -> Option<Module> {
        None
    }
}
