//! Rust's side as data: what the text of `src/layout.rs` says for a target, whether or not Rust has it.
//!
//! The attributes of `Event` and `EventData` and the constants are read from the source, their `cfg`
//! conditions evaluated with the cfg values of a row, and the layout computed by the rules of
//! `repr(C)` and `repr(packed)` (Reference, "Type layout"). A condition on anything else than the target
//! is a difference, for then the row would not decide.

use crate::compare::{self, Difference};
use crate::layout::Layout;
use crate::table::{Constants, Row, Table, Target};
use cfg_expr::expr::TargetPredicate as Is;
use cfg_expr::targets::Endian;
use cfg_expr::{Expression, Predicate};
use quote::ToTokens;
use std::collections::BTreeMap;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Field, Ident, Item, Lit, Meta, Token, Type};

/// Where the text disagrees with the table.
///
/// # Errors
///
/// Text that is no Rust, or whose structure has other fields.
pub fn differences(layout_rs: &str, table: &Table) -> Result<Vec<Difference>, String> {
    let source = Source::parse(layout_rs)?;
    let mut all = Vec::new();
    for row in &table.rows {
        let name = &row.target.name;
        match source.numbers(row) {
            Ok(said) => all.extend(compare::some(name, &row.measured, &said, "src/layout.rs")),
            Err(reason) => all.push(Difference {
                target: name.clone(),
                field: "src/layout.rs".into(),
                expected: "one layout and one value for each constant".into(),
                found: reason,
            }),
        }
    }
    Ok(all)
}

/// The parts of `src/layout.rs` that decide the ABI.
struct Source {
    event: Vec<Attribute>,
    data: Vec<Attribute>,
    cloexec: Vec<(Vec<Attribute>, Expr)>,
    lists: Vec<ConstantList>,
}

/// The contents of one `constants! { LIST, type: NAME = value; ... }`.
struct ConstantList {
    name: Ident,
    constants: Vec<(Ident, Expr)>,
}

impl Parse for ConstantList {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let name = input.parse()?;
        input.parse::<Token![,]>()?;
        input.parse::<Type>()?;
        input.parse::<Token![:]>()?;
        let mut constants = Vec::new();
        while !input.is_empty() {
            Attribute::parse_outer(input)?;
            let constant = input.parse()?;
            input.parse::<Token![=]>()?;
            constants.push((constant, input.parse()?));
            input.parse::<Token![;]>()?;
        }
        Ok(Self { name, constants })
    }
}

impl Source {
    fn parse(text: &str) -> Result<Self, String> {
        let file = syn::parse_file(text).map_err(|error| format!("src/layout.rs: {error}"))?;
        let mut source = Self { event: vec![], data: vec![], cloexec: vec![], lists: vec![] };
        for item in file.items {
            match item {
                Item::Struct(item) if item.ident == "Event" => {
                    holds(&item.fields, &[("events", "u32"), ("data", "EventData")])?;
                    source.event = item.attrs;
                }
                Item::Union(item) if item.ident == "EventData" => {
                    let members = &[("ptr", "*"), ("fd", "i32"), ("u32", "u32"), ("u64", "u64")];
                    holds(&item.fields.named, members)?;
                    source.data = item.attrs;
                }
                Item::Const(item) if item.ident == "CLOEXEC" => {
                    source.cloexec.push((item.attrs, *item.expr));
                }
                Item::Macro(item) if item.mac.path.is_ident("constants") => {
                    source.lists.push(item.mac.parse_body().map_err(|error| error.to_string())?);
                }
                _ => {}
            }
        }
        Ok(source)
    }

    /// Every number that the text gives for this row, by the names of the table.
    fn numbers(&self, row: &Row) -> Result<BTreeMap<String, u32>, String> {
        let target = &row.target;
        let u64_align = target.rust_u64_align.unwrap_or(row.measured.layout.data_align);
        let data_align = u64_align.min(packing(&self.data, target)?);
        let packing = packing(&self.event, target)?;
        let align = data_align.max(4.min(u64_align)).min(packing);
        let data_offset = 4_u32.next_multiple_of(data_align.min(packing));
        let layout = Layout {
            size: (data_offset + 8).next_multiple_of(align),
            align,
            events_offset: 0,
            data_offset,
            data_size: 8,
            data_align,
            packed: align < data_align,
        };
        let fields = layout.fields().into_iter();
        let mut numbers: BTreeMap<_, _> =
            fields.map(|(name, value)| (name.to_owned(), value)).collect();
        for list in &self.lists {
            for (name, value) in &list.constants {
                // What only the kernel's header has, or has to have, is held against the kernel's.
                let has = |constants: &Constants| constants.contains_key(&name.to_string());
                let m = &row.measured;
                let is_kernels = list.name == "KERNEL_EVENT_FLAGS"
                    || (!has(&m.constants) && has(&m.kernel_constants));
                let prefix = if is_kernels { "kernel_" } else { "" };
                numbers.insert(format!("{prefix}{name}"), self.value(value, target)?);
            }
        }
        Ok(numbers)
    }

    fn value(&self, expression: &Expr, target: &Target) -> Result<u32, String> {
        match expression {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Int(number) => number.base10_parse().map_err(|error| error.to_string()),
                _ => Err("a constant that is no integer".to_owned()),
            },
            Expr::Binary(shift) if matches!(shift.op, syn::BinOp::Shl(_)) => {
                Ok(self.value(&shift.left, target)? << self.value(&shift.right, target)?)
            }
            Expr::Path(path) if path.path.is_ident("CLOEXEC") => {
                let mut chosen = Vec::new();
                for (attributes, value) in &self.cloexec {
                    let mut active = true;
                    for attribute in attributes.iter().filter(|a| a.path().is_ident("cfg")) {
                        active &= holds_for(&one(attribute)?, target)?;
                    }
                    chosen.extend(active.then_some(value));
                }
                match chosen[..] {
                    [value] => self.value(value, target),
                    _ => Err(format!("{} definitions of CLOEXEC", chosen.len())),
                }
            }
            _ => Err("a constant that is neither a number, a shift nor CLOEXEC".to_owned()),
        }
    }
}

/// The fields must have these names and types, in this order; `*` is a raw pointer.
fn holds<'a>(
    fields: impl IntoIterator<Item = &'a Field>,
    expected: &[(&str, &str)],
) -> Result<(), String> {
    let found: Vec<_> = fields.into_iter().collect();
    let same = |field: &Field, &(name, kind): &(&str, &str)| {
        let is_type = match &field.ty {
            Type::Path(path) => path.path.is_ident(kind),
            Type::Ptr(_) => kind == "*",
            _ => false,
        };
        is_type && field.ident.as_ref().is_some_and(|ident| ident == name)
    };
    let all_same = found.iter().zip(expected).all(|(field, expected)| same(field, expected));
    if all_same && found.len() == expected.len() {
        return Ok(());
    }
    Err(format!("src/layout.rs: the fields are not {expected:?}"))
}

/// To how many bytes the one active `repr` of a type packs its fields; a large number for `repr(C)`.
fn packing(attributes: &[Attribute], target: &Target) -> Result<u32, String> {
    let mut active = Vec::new();
    for attribute in attributes {
        if attribute.path().is_ident("repr") {
            active.push(attribute.meta.clone());
        } else if attribute.path().is_ident("cfg_attr") {
            let list = list_of(&attribute.meta)?;
            let mut list = list.into_iter();
            let condition = list.next().ok_or("an empty cfg_attr")?;
            if holds_for(&condition, target)? {
                active.extend(list.filter(|meta| meta.path().is_ident("repr")));
            }
        }
    }
    let [repr] = &active[..] else {
        return Err(format!("{} active repr attributes", active.len()));
    };
    let mut packing = None;
    let mut is_c = false;
    for hint in list_of(repr)? {
        match &hint {
            Meta::Path(path) if path.is_ident("C") => is_c = true,
            Meta::Path(path) if path.is_ident("packed") => packing = Some(1),
            Meta::List(list) if list.path.is_ident("packed") => {
                let bytes: syn::LitInt = list.parse_args().map_err(|error| error.to_string())?;
                packing = Some(bytes.base10_parse().map_err(|error| error.to_string())?);
            }
            _ => return Err("a repr of another kind".to_owned()),
        }
    }
    if is_c { Ok(packing.unwrap_or(u32::MAX)) } else { Err("a repr without C".to_owned()) }
}

fn list_of(meta: &Meta) -> Result<Punctuated<Meta, Token![,]>, String> {
    let list = meta.require_list().map_err(|error| error.to_string())?;
    list.parse_args_with(Punctuated::parse_terminated).map_err(|error| error.to_string())
}

fn one(attribute: &Attribute) -> Result<Meta, String> {
    attribute.parse_args().map_err(|error| error.to_string())
}

/// Whether a `cfg` condition holds for a target.
fn holds_for(condition: &Meta, target: &Target) -> Result<bool, String> {
    let text = condition.to_token_stream().to_string();
    let expression = Expression::parse(&text).map_err(|error| format!("{text}: {error}"))?;
    let mut undecided = None;
    let holds = expression.eval(|predicate| match predicate {
        Predicate::Target(Is::Arch(arch)) => arch.as_str() == target.arch,
        Predicate::Target(Is::Env(env)) => env.as_str() == target.env,
        Predicate::Target(Is::Abi(abi)) => abi.as_str() == target.abi,
        Predicate::Target(Is::Os(os)) => os.as_str() == target.os,
        Predicate::Target(Is::Endian(endian)) => {
            (*endian == Endian::big) == (target.endian == "big")
        }
        Predicate::Target(Is::PointerWidth(width)) => u32::from(*width) == target.pointer_width,
        other => {
            undecided = Some(format!("a condition that no row decides: {other:?}"));
            false
        }
    });
    undecided.map_or(Ok(holds), Err)
}
