//! What the program has written.

use std::fs;
use std::path::Path;

/// Whether a sanitizer has written a report (compiler-rt, `ReportErrorSummary`).
pub fn has_sanitizer(output: &Path) -> bool {
    let text = fs::read(output).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.lines().any(|line| line.contains("SUMMARY: ") && line.contains("Sanitizer"))
}

/// Its last lines.
pub fn end_of(output: &Path) -> String {
    const LINES: usize = 10;
    let text = fs::read(output).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}
