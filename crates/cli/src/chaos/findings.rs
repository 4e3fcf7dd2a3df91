//! What the checker has found in a run.

use epshim_report::read::{self, Finding};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What says nothing against a program under chaos: a fault makes its call late, or is itself what was found.
const NOT_BREAKS: [&str; 3] = ["ctl-error", "herd", "loop-stall"];

/// The findings of a run, notes left out.
pub fn read(folder: &Path) -> Vec<Finding> {
    let text = fs::read(folder.join("findings")).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines = read::lines(&text).filter_map(|line| match line {
        read::Line::Finding(finding) => Some(*finding),
        read::Line::Summary(_) => None,
    });
    lines.filter(|finding| finding.certainty != "note").collect()
}

/// What tells findings apart from run to run.
pub fn key(finding: &Finding) -> String {
    finding.suppression.clone()
}

/// The first that the baseline does not have, and that says something.
pub fn new<'a>(found: &'a [Finding], baseline: &BTreeSet<String>) -> Option<&'a Finding> {
    found.iter().find(|finding| {
        !NOT_BREAKS.contains(&finding.rule.as_str()) && !baseline.contains(&key(finding))
    })
}
