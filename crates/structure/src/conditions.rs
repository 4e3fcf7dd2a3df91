//! What is there in tests only. It is no part of the structure: a test may name what it tests.
//!
//! Only `cfg(test)` is judged, alone or in `all(...)`. Of every other condition both sides are read.

use proc_macro2::{TokenStream, TokenTree};
use syn::{Attribute, Item, Meta};

/// Whether these are of something that only tests have: `#[cfg(test)]`, `#[cfg(all(test, ...))]`.
pub(crate) fn is_test(attributes: &[Attribute]) -> bool {
    fn wants_test(tokens: TokenStream) -> bool {
        let mut is_not = false;
        tokens.into_iter().any(|tree| match tree {
            TokenTree::Ident(word) => {
                is_not = word == "not" || word == "any";
                word == "test"
            }
            TokenTree::Group(group) => !is_not && wants_test(group.stream()),
            _ => false,
        })
    }
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => list.path.is_ident("cfg") && wants_test(list.tokens.clone()),
        _ => false,
    })
}

/// The attributes of an item.
pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
