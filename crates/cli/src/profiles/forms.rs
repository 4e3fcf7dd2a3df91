//! The files that a profile is written to, by option: a row for each.

use epshim_profile::{Profile, page, trace};
use std::io::{self, Write};

/// Writes a profile.
type Form = fn(&Profile, &mut dyn Write) -> io::Result<()>;

/// How many options there are.
pub const COUNT: usize = 3;
/// The option, and what its file has.
pub const FORMS: [(&str, Form); COUNT] = [("--json", json), ("--trace", events), ("--html", html)];

fn json(profile: &Profile, mut to: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut to, profile)?;
    to.write_all(b"\n")
}

fn events(profile: &Profile, mut to: &mut dyn Write) -> io::Result<()> {
    trace::write(profile, &mut to)
}

fn html(profile: &Profile, to: &mut dyn Write) -> io::Result<()> {
    to.write_all(page(profile).as_bytes())
}
