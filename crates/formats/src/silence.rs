//! The lines of a suppressions file that would silence a run, each once, with the findings above it that it
//! silences. The user who copies them deletes those of findings to be mended.

use crate::paths::relative;
use crate::run::{Run, place};
use epshim_report::printable;

/// The text of the file.
#[must_use]
pub fn document(run: &Run) -> String {
    let mut text =
        format!("# What epshim {} found in {}.\n", run.version, printable::text(run.name()));
    if !run.has_ended() {
        text += "# The end of the run was not written (yet).\n";
    }
    let mut written: Vec<&str> = Vec::new();
    for finding in &run.findings {
        if written.contains(&finding.suppression.as_str()) {
            continue;
        }
        written.push(&finding.suppression);
        text += "\n";
        for alike in run.findings.iter().filter(|one| one.suppression == finding.suppression) {
            let frame = place(alike);
            let file = frame.and_then(|frame| frame.file.as_deref());
            let file =
                file.map(|file| relative(file, &run.root).unwrap_or_else(|| file.to_owned()));
            let line = frame.and_then(|frame| frame.line).map(|line| format!(":{line}"));
            let place = file.map(|file| format!("{file}{}: ", line.unwrap_or_default()));
            let what = format!("# {}{}", place.unwrap_or_default(), alike.what);
            text += &format!("{}\n", printable::text(&what));
        }
        text += &format!("{}\n", printable::text(&finding.suppression));
    }
    text
}
