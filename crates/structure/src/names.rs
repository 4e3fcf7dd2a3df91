//! What one module writes: the items that it defines, its imports, and every path that it names, with the
//! line.
//!
//! The arguments of a macro or an attribute are no Rust to the parser, so they are read as what they look
//! like: identifiers with `::` between them are a path, and in a macro that makes items, `struct X` defines
//! `X`. Visibilities name nothing here. Modules in the module are left to `source.rs`, and what is
//! `#[cfg(test)]` is left out.

use crate::conditions::{attributes, is_test};
use proc_macro2::{Ident, TokenStream, TokenTree};
use std::collections::BTreeSet;
use syn::visit::{self, Visit};
use syn::{Item, Macro, MetaList, UseTree};

/// A path, as a file writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The line of its first segment, from 1.
    pub line: usize,
    /// Its segments; those of a `use` with the prefix of its group.
    pub path: Vec<String>,
    /// It is an import of everything: `path::*`.
    pub is_glob: bool,
}

/// An import: the name that it binds (none: everything), and the path behind it.
#[derive(Debug)]
pub(crate) struct Import {
    pub name: Option<String>,
    pub path: Vec<String>,
}

/// What a module writes.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub items: BTreeSet<String>,
    /// Those of the items that are `macro_rules!`.
    pub macros: BTreeSet<String>,
    pub imports: Vec<Import>,
    pub names: Vec<Name>,
}

impl Names {
    pub fn of(items: &[Item]) -> Self {
        let mut names = Self::default();
        items.iter().for_each(|item| names.visit_item(item));
        names
    }

    fn define(&mut self, name: &Ident) {
        self.items.insert(name.to_string());
    }

    fn name(&mut self, line: usize, path: Vec<String>, is_glob: bool) {
        self.names.push(Name { line, path, is_glob });
    }

    fn import(&mut self, tree: &UseTree, prefix: &[String]) {
        let with = |name: &Ident| [prefix, &[name.to_string()]].concat();
        let mut bind = |bound: &Ident, written: &Ident| {
            // `use a::{self}` is `use a`.
            let (path, name) = match prefix.last() {
                Some(last) if written == "self" => (prefix.to_vec(), last),
                _ => (with(written), &written.to_string()),
            };
            let name = if bound == written { name.clone() } else { bound.to_string() };
            self.name(written.span().start().line, path.clone(), false);
            self.imports.push(Import { name: Some(name), path });
        };
        match tree {
            UseTree::Path(path) => self.import(&path.tree, &with(&path.ident)),
            UseTree::Name(name) => bind(&name.ident, &name.ident),
            UseTree::Rename(name) => bind(&name.rename, &name.ident),
            UseTree::Glob(glob) => {
                self.name(glob.star_token.spans[0].start().line, prefix.to_vec(), true);
                self.imports.push(Import { name: None, path: prefix.to_vec() });
            }
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.import(tree, prefix));
            }
        }
    }

    /// The paths among the tokens of a macro.
    fn scan(&mut self, tokens: TokenStream) {
        let all: Vec<TokenTree> = tokens.into_iter().collect();
        let punct = |at: usize| match all.get(at) {
            Some(TokenTree::Punct(punct)) => Some(punct.as_char()),
            _ => None,
        };
        let before = |at: usize, back: usize| at.checked_sub(back).and_then(punct);
        let mut at = 0;
        while at < all.len() {
            match &all[at] {
                TokenTree::Group(group) => self.scan(group.stream()),
                TokenTree::Ident(first) => {
                    let is_other = match before(at, 1) {
                        Some('.') => before(at, 2) != Some('.'), // a field or a method
                        Some('$') => first != "crate",           // a variable of the macro
                        other => other == Some('\''),            // a lifetime
                    };
                    let mut path = vec![first.to_string()];
                    while let (Some(':'), Some(':'), Some(TokenTree::Ident(next))) =
                        (punct(at + 1), punct(at + 2), all.get(at + 3))
                    {
                        path.push(next.to_string());
                        at += 3;
                    }
                    if !is_other {
                        self.name(first.span().start().line, path, false);
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// The items that a macro is given to make: `struct X` and its like.
    fn define_made(&mut self, tokens: TokenStream) {
        const KEYWORDS: [&str; 9] =
            ["const", "enum", "fn", "mod", "static", "struct", "trait", "type", "union"];
        let mut is_next = false;
        for tree in tokens {
            match tree {
                TokenTree::Ident(word) if KEYWORDS.iter().any(|keyword| word == keyword) => {
                    is_next = true;
                }
                TokenTree::Ident(word) if word == "mut" || word == "ref" => {}
                TokenTree::Ident(name) => {
                    if std::mem::take(&mut is_next) {
                        self.define(&name);
                    }
                }
                TokenTree::Group(group) => self.define_made(group.stream()),
                _ => is_next = false,
            }
        }
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item(&mut self, item: &'ast Item) {
        if is_test(attributes(item)) {
            return;
        }
        match item {
            Item::Mod(_) => return,
            Item::Const(item) => self.define(&item.ident),
            Item::Enum(item) => self.define(&item.ident),
            Item::Fn(item) => self.define(&item.sig.ident),
            Item::Static(item) => self.define(&item.ident),
            Item::Struct(item) => self.define(&item.ident),
            Item::Trait(item) => self.define(&item.ident),
            Item::TraitAlias(item) => self.define(&item.ident),
            Item::Type(item) => self.define(&item.ident),
            Item::Union(item) => self.define(&item.ident),
            Item::Macro(item) => match &item.ident {
                Some(name) => {
                    self.define(name);
                    self.macros.insert(name.to_string());
                }
                None => self.define_made(item.mac.tokens.clone()),
            },
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_foreign_item_fn(&mut self, item: &'ast syn::ForeignItemFn) {
        self.define(&item.sig.ident);
        visit::visit_foreign_item_fn(self, item);
    }

    fn visit_foreign_item_static(&mut self, item: &'ast syn::ForeignItemStatic) {
        self.define(&item.ident);
        visit::visit_foreign_item_static(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_test(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if item.leading_colon.is_none() {
            self.import(&item.tree, &[]);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let first = path.segments.first().filter(|_| path.leading_colon.is_none());
        if let Some(first) = first {
            let segments = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.name(first.ident.span().start().line, segments, false);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast Macro) {
        visit::visit_macro(self, item);
        self.scan(item.tokens.clone());
    }

    /// The arguments of an attribute, which may name a function or a type.
    fn visit_meta_list(&mut self, list: &'ast MetaList) {
        self.scan(list.tokens.clone());
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
}
