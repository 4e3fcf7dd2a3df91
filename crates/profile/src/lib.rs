//! What an event loop does with its time: observations in, a [`Profile`] out.
//!
//! `document.rs` is the profile as it is written and read: text, JSON and pages are made of it alone. Nothing here
//! makes a system call, reads a clock or looks up a name. `page.rs` makes the HTML of one.
//!
//! Surprising: a time in a profile counts from the profile's begin, in nanoseconds. `started` says when that was.

#![forbid(unsafe_code)]

mod document;
mod page;

pub use document::*;
pub use page::page;
