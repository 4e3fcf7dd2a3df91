//! Findings, on their way out.

use crate::guard;
use epshim_check::Finding;

/// Reports a finding.
pub fn write(finding: &Finding) {
    guard::say(format_args!("{} [{}] {}", finding.rule, finding.certainty, finding.what));
}
