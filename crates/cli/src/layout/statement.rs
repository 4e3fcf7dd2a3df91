//! The shape that all answers of `epshim layout` share: what one witness says of `struct epoll_event`, and
//! where two of them differ.
//!
//! The names are those of `docs/layouts.toml`. Who says it, and how it is printed, is the other files'.

use epshim_layouts::table::Constants;
use epshim_layouts::{Layout, Row};
use serde::Serialize;

/// The layout that was compiled into the shim.
pub fn of_the_shim(layout: epshim::layout::Layout) -> Layout {
    let epshim::layout::Layout {
        size,
        align,
        events_offset,
        data_offset,
        data_size,
        data_align,
        packed,
    } = layout;
    let packed = packed != 0;
    Layout { size, align, events_offset, data_offset, data_size, data_align, packed }
}

/// Each field's name and value, as printed.
pub fn fields(layout: &Layout) -> [(&'static str, String); 7] {
    layout.fields().map(|(name, value)| match name {
        "packed" => (name, if value != 0 { "yes" } else { "no" }.to_owned()),
        _ => (name, value.to_string()),
    })
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
        Self { layout: measured.layout, constants: measured.constants.clone() }
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
    let fields = fields(&expected.layout).into_iter().zip(fields(&found.layout));
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
