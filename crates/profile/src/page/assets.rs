//! The page's own styles and scripts, and the policy that allows these and nothing else.
//!
//! A browser runs a script of the page only if its SHA-256 is in the policy. So what a name of the program would smuggle
//! into the page would not be run, even if it were not escaped.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// uPlot's licence: it must go where uPlot goes.
pub(super) const LICENCE: &str = include_str!("uplot/LICENSE");

/// uPlot's style, and ours, which changes its colours.
pub(super) const STYLES: [&str; 2] =
    [include_str!("uplot/uPlot.min.css"), include_str!("page.css")];

/// uPlot, and ours: one function, so that no name is global but `epshim`.
pub(super) const SCRIPTS: [&str; 2] = [
    include_str!("uplot/uPlot.iife.min.js"),
    concat!(
        "(() => {\n'use strict';\n",
        include_str!("script/number.js"),
        include_str!("script/data.js"),
        include_str!("script/view.js"),
        include_str!("script/lanes.js"),
        include_str!("script/draw.js"),
        include_str!("script/pointer.js"),
        include_str!("script/curves.js"),
        include_str!("script/distributions.js"),
        include_str!("script/tables.js"),
        include_str!("script/start.js"),
        "})();\n",
    ),
];

/// The page's Content-Security-Policy. Pictures are those in the page itself.
pub(super) fn policy() -> String {
    let hashes = |texts: &[&str]| {
        let hash = |text: &&str| format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
        texts.iter().map(hash).collect::<String>()
    };
    format!(
        "default-src 'none'; script-src{}; style-src{}; img-src data:; base-uri 'none'; form-action 'none'",
        hashes(&SCRIPTS),
        hashes(&STYLES)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_vendored_is_what_its_checksums_say() {
        let files = [
            ("LICENSE", LICENCE),
            ("uPlot.iife.js", include_str!("uplot/uPlot.iife.js")),
            ("uPlot.iife.min.js", SCRIPTS[0]),
            ("uPlot.min.css", STYLES[0]),
        ];
        let lines: Vec<String> =
            include_str!("uplot/SHA256SUMS").lines().map(String::from).collect();
        let found = files.map(|(name, text)| {
            let hex: String =
                Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{hex}  {name}")
        });
        assert_eq!(lines, found);
    }

    #[test]
    fn no_script_or_style_ends_its_own_element() {
        for text in SCRIPTS.iter().chain(&STYLES) {
            let text = text.to_ascii_lowercase();
            assert!(
                !text.contains("</script") && !text.contains("<!--") && !text.contains("</style")
            );
        }
    }
}
