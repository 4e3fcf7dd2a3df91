//! The shape that all answers of `epshim layout` share: what one witness says of `struct epoll_event`, and
//! where two of them differ.
//!
//! The names are those of `docs/layouts.toml`. Who says it, and how it is printed, is the other files'.

use epshim_layouts::table::Constants;
use epshim_layouts::{Measured, Row};
use serde::Serialize;

/// Where a structure has what, by the names of `docs/layouts.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Layout {
    pub size: u32,
    pub align: u32,
    pub events_offset: u32,
    pub data_offset: u32,
    pub data_size: u32,
    pub data_align: u32,
    pub packed: bool,
}

impl Layout {
    /// Each field's name and value, as printed.
    pub fn fields(&self) -> [(&'static str, String); 7] {
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

/// What a witness says of `struct epoll_event`.
#[derive(Debug, Clone, Serialize)]
pub struct Statement {
    pub layout: Layout,
    /// Empty where they were compared when epshim was compiled, and not kept.
    #[serde(skip_serializing_if = "Constants::is_empty")]
    pub constants: Constants,
}

impl From<&Row> for Statement {
    fn from(row: &Row) -> Self {
        let measured = &row.measured;
        Self { layout: measured.into(), constants: measured.constants.clone() }
    }
}

/// One number on which two do not agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub field: String,
    pub expected: String,
    pub found: String,
}

/// Compares the layouts, and the constants that both have.
pub fn differences(expected: &Statement, found: &Statement) -> Vec<Difference> {
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
