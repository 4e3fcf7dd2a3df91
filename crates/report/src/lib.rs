//! What users read: findings and the end of a report as text and as JSON lines, and the findings
//! that they do not want to read.
//!
//! Nothing here looks anything up. Call sites come in as frames, resolved by the observer of the
//! program; times and process ids come in as numbers; what goes out is a string to be written.

#![forbid(unsafe_code)]

mod ask;
mod blame;
mod block;
pub mod descriptor;
pub mod dialogue;
pub mod end;
mod fate;
pub mod glob;
pub mod json;
pub mod place;
pub mod printable;
pub mod read;
mod stack;
mod startup;
pub mod suppressions;
pub mod text;

pub use blame::{Blamed, is_of_others};
pub use block::{Medium, counted, wrapped};
pub use descriptor::Descriptor;
pub use end::{Count, End, NotFollowed, Seen};
pub use fate::{Fate, How, Others, Total};
pub use stack::{Frame, Interpreted, Report, Stack, Symbol};
pub use suppressions::Suppressions;
