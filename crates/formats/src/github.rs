//! Annotations of GitHub's: lines that the runner takes out of a job's log and shows at the source
//! (workflow commands). A path is relative to the repository, or the annotation is at no file.

use crate::paths::relative;
use crate::run::{message, place};
use epshim_report::read::Finding;
use std::path::Path;

/// The annotation of a finding: one line, with its line feed.
#[must_use]
pub fn annotation(finding: &Finding, root: &Path) -> String {
    let level = match finding.certainty.as_str() {
        "certain" => "error",
        "note" => "notice",
        _ => "warning",
    };
    let mut properties = Vec::new();
    if let Some(frame) = place(finding) {
        let file = frame.file.as_deref().and_then(|file| relative(file, root));
        if let Some(file) = file {
            properties.push(format!("file={}", property(&file)));
            properties.extend(frame.line.map(|line| format!("line={line}")));
        }
    }
    properties.push(format!("title={}", property(&format!("epshim: {}", finding.rule))));
    format!("::{level} {}::{}\n", properties.join(","), data(&message(finding)))
}

/// As the runner reads it back (actions/toolkit, command.ts).
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
