//! The JSON lines of which the observer makes documents (`--format sarif=FILE` and its like). It has them in a
//! file without a name, and gets them by the mail; where the mail is no way they are appended to the file,
//! which is found through /proc.
//!
//! Surprising: by the mail the documents are written when the call returns. So they are there before the
//! program ends.

use crate::output::inherited::Descriptor;
use crate::output::mail as by_mail;
use crate::output::writing::Unwritten;
use crate::runtime::sandbox::{self, Call};
use epshim_page::mail;
use epshim_report::place::Place;

/// The place.
#[derive(Debug)]
pub struct Collected(Descriptor);

impl Collected {
    /// The place that the option `collect` names.
    pub fn new(value: &str) -> Option<Self> {
        match Place::of(value) {
            Place::Descriptor(said) => Some(Self(Descriptor::new(said))),
            Place::File(_) => None,
        }
    }

    /// Adds lines of this process.
    pub fn add(&self, pid: u32, lines: &[u8]) -> Result<(), Unwritten> {
        if sandbox::entered_at().is_some() || !sandbox::may(Call::Files) {
            return Err(Unwritten::Sandboxed);
        }
        let sent = by_mail::send(mail::Place::Lines, false, lines);
        sent.or_else(|| self.0.write(pid, lines)).unwrap_or(Err(Unwritten::Died))
    }
}
