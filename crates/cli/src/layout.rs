//! `epshim layout`: which question is asked, and the shape that all its answers share.
//!
//! The host's proof is in `host.rs`, the golden table in `rows.rs`, a sysroot's header in
//! `sysroot.rs`; `names.rs` finds a target by any of its names. `--emit` is the module `emit`.

mod host;
mod names;
mod rows;
mod sysroot;

use crate::args::LayoutOptions;
use crate::emit;
use crate::output::Output;
use epshim_layouts::table::Constants;
use epshim_layouts::{Measured, Row, Table};
use serde::Serialize;

pub use names::HOST;

/// The answer, or why there is none.
pub fn answer(options: &LayoutOptions) -> Result<Output, String> {
    let table = Table::golden();
    if options.all {
        return Ok(rows::all(&table, options.json));
    }
    let row = || match &options.target {
        Some(name) => names::find(&table, name),
        None => names::host(&table),
    };
    if let Some(language) = options.emit {
        return Ok(Output::text(emit::text(language, row()?), true));
    }
    if let Some(folder) = &options.sysroot {
        return sysroot::compare(folder, row()?, options.json);
    }
    if options.target.is_some() {
        return Ok(rows::one(row()?, options.json));
    }
    Ok(host::proof(names::host(&table), options.json))
}

/// Where a structure has what, by the names of `docs/layouts.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct Layout {
    size: u32,
    align: u32,
    events_offset: u32,
    data_offset: u32,
    data_size: u32,
    data_align: u32,
    packed: bool,
}

impl Layout {
    /// Each field's name and value, as printed.
    fn fields(&self) -> [(&'static str, String); 7] {
        [
            ("size", self.size.to_string()),
            ("align", self.align.to_string()),
            ("events_offset", self.events_offset.to_string()),
            ("data_offset", self.data_offset.to_string()),
            ("data_size", self.data_size.to_string()),
            ("data_align", self.data_align.to_string()),
            ("packed", if self.packed { "yes" } else { "no" }.to_owned()),
        ]
    }
}

impl From<epshim::layout::Layout> for Layout {
    fn from(layout: epshim::layout::Layout) -> Self {
        Self {
            size: layout.size,
            align: layout.align,
            events_offset: layout.events_offset,
            data_offset: layout.data_offset,
            data_size: layout.data_size,
            data_align: layout.data_align,
            packed: layout.packed != 0,
        }
    }
}

impl From<&Measured> for Layout {
    fn from(measured: &Measured) -> Self {
        Self {
            size: measured.size,
            align: measured.align,
            events_offset: measured.events_offset,
            data_offset: measured.data_offset,
            data_size: measured.data_size,
            data_align: measured.data_align,
            packed: measured.packed,
        }
    }
}

/// What somebody says of `struct epoll_event`.
#[derive(Debug, Clone, Serialize)]
struct Statement {
    layout: Layout,
    /// Empty where they were compared when epshim was compiled, and not kept.
    #[serde(skip_serializing_if = "Constants::is_empty")]
    constants: Constants,
}

impl From<&Row> for Statement {
    fn from(row: &Row) -> Self {
        let measured = &row.measured;
        Self { layout: measured.into(), constants: measured.constants.clone() }
    }
}

/// One number on which two do not agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Difference {
    field: String,
    expected: String,
    found: String,
}

/// Compares the layouts, and the constants that both have.
fn differences(expected: &Statement, found: &Statement) -> Vec<Difference> {
    let fields = expected.layout.fields().into_iter().zip(found.layout.fields());
    let fields = fields.map(|((name, expected), (_, found))| (name, expected, found));
    let constants = expected.constants.iter().filter_map(|(name, value)| {
        let found = found.constants.get(name)?;
        Some((name.as_str(), format!("{value:#x}"), format!("{found:#x}")))
    });
    let pairs = fields.chain(constants).filter(|(_, expected, found)| expected != found);
    pairs
        .map(|(field, expected, found)| Difference { field: field.to_owned(), expected, found })
        .collect()
}
