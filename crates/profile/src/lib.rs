//! What an event loop does with its time: observations in, a [`Profile`] out.
//!
//! `model.rs` takes observations and sums up, and `document.rs` is the profile as it is written and read: text, JSON and
//! pages are made of it alone. Nothing here makes a system call, reads a clock or looks up a name. `page.rs` makes the
//! HTML of one.
//!
//! Surprising: a time in a profile counts from the profile's begin, in nanoseconds. `started` says when that was.

#![forbid(unsafe_code)]

pub mod any_bytes;
pub mod diff;
mod document;
mod model;
mod outside;
mod page;
pub mod place_names;
mod redact;
pub mod text;
pub mod trace;
mod verdicts;
pub mod words;

pub use document::*;
pub use model::{Model, Options};
pub use outside::from_outside;
pub use page::page;
pub use redact::redact_peers;
pub use verdicts::judge;
