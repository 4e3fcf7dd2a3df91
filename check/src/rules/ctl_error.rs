//! `ctl-error`.

use crate::rule::Explanation;

/// Its page.
pub const EXPLANATION: Explanation = Explanation {
    finds: "",
    hurts: "",
    evidence: "",
    silent: "",
    fix: "",
    wrong: "",
    right: "",
    manual: "",
    seen: &[],
};
