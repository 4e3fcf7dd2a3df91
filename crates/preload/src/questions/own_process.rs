//! This process as a walk through a stack sees it (crates/walk): its memory by way of the kernel, and its
//! modules as the loader lists them.
//!
//! What a walker has learnt of a module holds until the module is closed. Those of the start are never
//! closed. Another one is known by a few of its own bytes, which are compared before each walk: they are
//! gone with it, or another module's. Whether one was opened is asked when an address is in none.
//!
//! Surprising: so what a constructor has opened before this library's own ran counts as of the start. If it
//! is closed later, callers may be wrong; nothing else can be.

use crate::questions::memory::{Expected, are_there, read_bytes};
use crate::questions::modules::{Module, loaded, loaded_since};
use epshim_walk::Process;
use std::ops::Range;

/// More opened modules than these are not remembered: then the walker forgets more often than it must.
const MOST_MARKS: usize = 64;

/// This process.
#[derive(Debug)]
pub struct OwnProcess {
    modules: Vec<Module>,
    /// The number of modules that were there at the start.
    at_start: usize,
    /// The addresses that may be executed, in order, each with its module's number.
    code: Vec<(Range<usize>, usize)>,
    /// The marks of modules that were opened since, and asked for.
    marks: Vec<Expected>,
}

impl OwnProcess {
    /// The process, where this number of modules were there at the start.
    pub fn new(at_start: usize) -> Self {
        let mut own = Self { modules: Vec::new(), at_start, code: Vec::new(), marks: Vec::new() };
        own.set_modules(loaded());
        own
    }

    /// Whether what was asked for still holds. If not, all is read anew.
    pub fn is_unchanged(&mut self) -> bool {
        if self.marks.is_empty() || self.marks.len() <= MOST_MARKS && are_there(&self.marks) {
            return true;
        }
        self.marks.clear();
        self.set_modules(loaded());
        false
    }

    fn set_modules(&mut self, modules: Vec<Module>) {
        self.code.clear();
        for (number, module) in modules.iter().enumerate() {
            self.code.extend(module.code().map(|code| (code, number)));
        }
        self.code.sort_unstable_by_key(|(code, _)| code.start);
        self.modules = modules;
    }

    fn find(&self, address: usize) -> Option<(Range<usize>, usize)> {
        let place = self.code.partition_point(|(code, _)| code.start <= address).checked_sub(1)?;
        self.code.get(place).filter(|(code, _)| code.contains(&address)).cloned()
    }

    /// Whether a module was not closed. From now on its mark is compared.
    fn is_there(&mut self, number: usize) -> bool {
        if number < self.at_start {
            return true;
        }
        let Some(mark) = self.modules[number].mark() else { return false };
        if !self.marks.contains(&mark) && are_there(&[mark]) {
            self.marks.push(mark);
        }
        self.marks.contains(&mark)
    }

    /// Whether the list has the same end as when it was read.
    fn has_same_end(&self) -> bool {
        self.modules.last().is_none_or(|last| are_there(&[last.entry()]))
    }
}

impl Process for OwnProcess {
    fn read(&mut self, address: u64, to: &mut [u8]) -> usize {
        read_bytes(address as usize, to)
    }

    fn module_at(&mut self, address: u64) -> Option<epshim_walk::Module> {
        let address = address as usize;
        let mut found = self.find(address);
        if found.is_none() && !self.has_same_end() {
            self.set_modules(loaded_since(&self.modules));
            found = self.find(address);
        } else if found.as_ref().is_some_and(|&(_, number)| !self.is_there(number)) {
            self.set_modules(loaded());
            found = self.find(address).filter(|&(_, number)| self.is_there(number));
        }
        let (code, number) = found?;
        let table = self.modules[number].unwind_index().map(|index| index as u64);
        Some(epshim_walk::Module { code: code.start as u64..code.end as u64, table })
    }
}
