//! Which file names an item of which other file: each path that a module writes, resolved to the file that
//! defines what it names.
//!
//! Resolution is Rust's, without types and without visibility: `crate`, `self`, `super`, the modules, items
//! and imports of a module, then its imports of everything. A re-export is followed to the definition, so
//! an arrow never ends at a file that only passes a name on. A path that ends at a module is no arrow. A
//! name that a module does not have is taken for one that a macro or an `include!` makes there.

use crate::source::Crate;
use std::collections::BTreeMap;

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Module(usize),
    /// An item, in this file.
    Item(usize),
    /// Another crate, or nothing that has a name here.
    Outside,
}

/// The lines that make an arrow from one file to another, and what each writes, by the files' numbers.
pub(crate) type Arrows = BTreeMap<(usize, usize), Vec<(usize, String)>>;

/// Imports of imports: no chain is so long, but a circle of them is.
const MOST_IMPORTS: usize = 32;

impl Crate {
    pub(crate) fn arrows(&self) -> Arrows {
        let mut arrows = Arrows::new();
        for (number, module) in self.modules.iter().enumerate() {
            for name in &module.names {
                let to = match self.resolve(number, &name.path, 0) {
                    Target::Item(file) => file,
                    Target::Module(module) if name.is_glob => self.modules[module].file,
                    _ => continue,
                };
                if to != module.file {
                    let lines = arrows.entry((module.file, to)).or_default();
                    let line = (name.line, name.path.join("::"));
                    if !lines.contains(&line) {
                        lines.push(line);
                    }
                }
            }
        }
        arrows.values_mut().for_each(|lines| lines.sort());
        arrows
    }

    /// What a path that is written in this module leads to.
    fn resolve(&self, from: usize, path: &[String], imports: usize) -> Target {
        let Some((first, mut rest)) = path.split_first() else { return Target::Outside };
        let mut at = match first.as_str() {
            "crate" => 0,
            "self" => from,
            "super" => self.modules[from].parent,
            name => match self.look_up(from, name, imports) {
                Some(Target::Module(module)) => module,
                Some(found) => return found,
                None => {
                    let a_macro = self.macros.get(name).filter(|_| rest.is_empty());
                    return a_macro.map_or(Target::Outside, |&file| Target::Item(file));
                }
            },
        };
        while let Some((name, further)) = rest.split_first() {
            at = match self.look_up(at, name, imports) {
                _ if name == "super" => self.modules[at].parent,
                _ if name == "self" => at,
                Some(Target::Module(module)) => module,
                Some(found) => return found,
                None => {
                    let exported = self.macros.get(name).filter(|_| at == 0);
                    return Target::Item(exported.copied().unwrap_or(self.modules[at].file));
                }
            };
            rest = further;
        }
        Target::Module(at)
    }

    /// What a module means by a name, if it has it.
    fn look_up(&self, module: usize, name: &str, imports: usize) -> Option<Target> {
        let Some(deeper) = Some(imports + 1).filter(|&imports| imports < MOST_IMPORTS) else {
            return Some(Target::Outside);
        };
        let here = &self.modules[module];
        if let Some(&child) = here.children.get(name) {
            return Some(Target::Module(child));
        }
        if here.items.contains(name) {
            return Some(Target::Item(here.file));
        }
        // `use a::a` binds what it begins with: the first `a` is then another crate.
        let is_bound = |import: &str| import == name;
        let named = here.imports.iter().find(|import| import.name.as_deref().is_some_and(is_bound));
        if let Some(import) = named {
            if import.path.first().is_some_and(|first| first == name) {
                return Some(Target::Outside);
            }
            return Some(self.resolve(module, &import.path, deeper));
        }
        here.imports.iter().filter(|import| import.name.is_none()).find_map(|import| {
            match self.resolve(module, &import.path, deeper) {
                Target::Module(from) if from != module => self.look_up(from, name, deeper),
                _ => None,
            }
        })
    }
}
