//! The files of one crate, found as rustc finds them: from the root along the `mod` declarations.
//!
//! A file is read by the function that the caller hands in, so that a test can hold its crate in memory.
//! Paths are kept as they are composed, from the root's on, without `..`. A module that is written in braces
//! is a module of its own in the file of its parent. `#[path]` is followed; a module that is
//! `#[cfg(test)]` is not; one behind another `cfg` is, on every machine. One that is given to a macro is
//! declared by it.

use crate::conditions::is_test;
use crate::names::{Import, Name, Names};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Component, Path, PathBuf};
use syn::{Attribute, Expr, ExprLit, Item, Lit, Meta};

/// A file of a crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path, composed from that of the crate's root.
    pub path: PathBuf,
    /// How many lines it has.
    pub lines: usize,
}

/// A crate: its files, and the modules in them.
#[derive(Debug, Default)]
pub struct Crate {
    pub(crate) files: Vec<File>,
    /// The first is the root.
    pub(crate) modules: Vec<Module>,
    /// The file of each `macro_rules!`: a macro needs no path to be used in another file.
    pub(crate) macros: BTreeMap<String, usize>,
}

#[derive(Debug)]
pub(crate) struct Module {
    pub file: usize,
    /// The root is its own.
    pub parent: usize,
    pub children: BTreeMap<String, usize>,
    pub items: BTreeSet<String>,
    pub imports: Vec<Import>,
    pub names: Vec<Name>,
}

/// Where the files of a module's children are.
struct Folders {
    /// The module's own: `a/b` for `a/b.rs`, `a` for `a/mod.rs`.
    own: PathBuf,
    /// What `#[path]` counts from.
    of_paths: PathBuf,
}

impl Crate {
    /// Reads the crate with this root.
    ///
    /// # Errors
    ///
    /// A file that is missing or is no Rust, as a sentence.
    pub fn read(root: &Path, read: impl Fn(&Path) -> io::Result<String>) -> Result<Self, String> {
        let mut all = Self::default();
        all.read_file(root, 0, true, &read)?;
        Ok(all)
    }

    /// The files, the root first.
    #[must_use]
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// Every path that is written in the crate, with its file.
    pub fn names(&self) -> impl Iterator<Item = (&File, &Name)> {
        self.modules.iter().flat_map(|module| {
            let file = &self.files[module.file];
            module.names.iter().map(move |name| (file, name))
        })
    }

    fn read_file(
        &mut self,
        path: &Path,
        parent: usize,
        owns_folder: bool,
        read: &dyn Fn(&Path) -> io::Result<String>,
    ) -> Result<usize, String> {
        let text = read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let parsed = syn::parse_file(&text).map_err(|error| {
            format!("{}:{}: {error}", path.display(), error.span().start().line)
        })?;
        let file = self.files.len();
        self.files.push(File { path: path.to_owned(), lines: text.lines().count() });
        let of_paths = path.parent().unwrap_or(Path::new("")).to_owned();
        let own = if owns_folder { of_paths.clone() } else { path.with_extension("") };
        self.add_module(file, parent, &parsed.items, &Folders { own, of_paths }, read)
    }

    fn add_module(
        &mut self,
        file: usize,
        parent: usize,
        items: &[Item],
        folders: &Folders,
        read: &dyn Fn(&Path) -> io::Result<String>,
    ) -> Result<usize, String> {
        let Names { items: defined, macros, imports, names } = Names::of(items);
        let module = self.modules.len();
        self.macros.extend(macros.into_iter().map(|name| (name, file)));
        let children = BTreeMap::new();
        self.modules.push(Module { file, parent, children, items: defined, imports, names });
        let given: Vec<Item> = items.iter().flat_map(given_to_a_macro).collect();
        for item in items.iter().chain(&given) {
            let Item::Mod(child) = item else { continue };
            if is_test(&child.attrs) {
                continue;
            }
            let name = child.ident.to_string();
            let added = match &child.content {
                Some((_, items)) => {
                    let own = folders.own.join(&name);
                    let folders = Folders { of_paths: own.clone(), own };
                    self.add_module(file, module, items, &folders, read)?
                }
                None => {
                    let (path, owns_folder) = match path_attribute(&child.attrs) {
                        Some(path) => (without_dots(&folders.of_paths.join(path)), true),
                        None => found(&folders.own, &name, read),
                    };
                    self.read_file(&path, module, owns_folder, read)?
                }
            };
            self.modules[module].children.insert(name, added);
        }
        Ok(module)
    }
}

/// The items that a macro is given, if it is given items: it may declare modules.
fn given_to_a_macro(item: &Item) -> Vec<Item> {
    match item {
        Item::Macro(item) if item.ident.is_none() => {
            let given = syn::parse2::<syn::File>(item.mac.tokens.clone());
            given.map_or_else(|_| Vec::new(), |given| given.items)
        }
        _ => Vec::new(),
    }
}

/// The file of a module without `#[path]`, and whether its children are in the same folder.
fn found(folder: &Path, name: &str, read: &dyn Fn(&Path) -> io::Result<String>) -> (PathBuf, bool) {
    let in_folder = folder.join(name).join("mod.rs");
    if read(&in_folder).is_ok() {
        (in_folder, true)
    } else {
        (folder.join(format!("{name}.rs")), false)
    }
}

fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("path") => match &meta.value {
            Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) => Some(path.value()),
            _ => None,
        },
        _ => None,
    })
}

fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir if plain.file_name().is_some() => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}
