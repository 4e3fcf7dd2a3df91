//! Where `struct epoll_event` has what: the one type in which the table, the witnesses and the command say it.
//!
//! The names are those of `docs/layouts.toml`. C's `struct epshim_layout` is the shim's own
//! (`epshim::layout::Layout`), because it is a part of the ABI and the shim depends on nothing here.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A layout, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// `sizeof(struct epoll_event)`.
    pub size: u32,
    /// `_Alignof(struct epoll_event)`.
    pub align: u32,
    /// `offsetof(struct epoll_event, events)`.
    pub events_offset: u32,
    /// `offsetof(struct epoll_event, data)`.
    pub data_offset: u32,
    /// `sizeof(epoll_data_t)`.
    pub data_size: u32,
    /// `_Alignof(epoll_data_t)`.
    pub data_align: u32,
    /// Whether the structure is aligned to less than its fields.
    pub packed: bool,
}

impl Layout {
    /// What a compiler answered, by these names.
    pub(crate) fn of(numbers: &BTreeMap<String, u32>) -> Self {
        let (align, data_align) = (numbers["align"], numbers["data_align"]);
        Self {
            size: numbers["size"],
            align,
            events_offset: numbers["events_offset"],
            data_offset: numbers["data_offset"],
            data_size: numbers["data_size"],
            data_align,
            packed: align < data_align,
        }
    }

    /// Each field's name and value; `packed` is 0 or 1.
    #[must_use]
    pub fn fields(&self) -> [(&'static str, u32); 7] {
        [
            ("size", self.size),
            ("align", self.align),
            ("events_offset", self.events_offset),
            ("data_offset", self.data_offset),
            ("data_size", self.data_size),
            ("data_align", self.data_align),
            ("packed", self.packed.into()),
        ]
    }
}
