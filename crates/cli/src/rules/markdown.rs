//! docs/rules.md: every rule's page in one document. `crates/cli/tests/rules.rs` holds the file equal to this.

use super::page::{certainty, sections};
use epshim_check::Rule;
use std::fmt::Write as _;

const HEAD: &str = "\
# What `epshim check` finds

<!-- Written by `cargo run -p epshim-cli -- rules --markdown` from crates/check/src/rules/. Do not edit. -->

How sure a finding is: *certain* is confirmed in the kernel before it is reported; *fact* is an error that the
kernel returned; *suspected* has a harmless explanation too; a *note* is reported with `--notes` only.
`epshim explain RULE` prints one of these pages.

| rule | certainty | finds |
|---|---|---|
";

/// The document.
pub fn document() -> String {
    let mut text = HEAD.to_owned();
    for rule in Rule::ALL {
        let finds = rule.explanation().finds;
        writeln!(text, "| [`{rule}`](#{rule}) | {} | {finds} |", certainty(rule))
            .expect("a string");
    }
    for rule in Rule::ALL {
        page(&mut text, rule).expect("a string");
    }
    text
}

fn page(text: &mut String, rule: Rule) -> std::fmt::Result {
    let page = rule.explanation();
    writeln!(text, "\n## {rule}\n\n{} *{}*", page.finds, certainty(rule))?;
    for (heading, prose) in sections(page) {
        writeln!(text, "\n**{heading}.** {prose}")?;
    }
    writeln!(text, "\nWrong:\n\n```c\n{}\n```\n\nRight:\n\n```c\n{}\n```", page.wrong, page.right)?;
    writeln!(text, "\n**Manual.** {}. A report [as it looks](reports/{rule}.txt).", page.manual)?;
    let seen: Vec<_> =
        page.seen.iter().map(|address| format!("[{}]({address})", short(address))).collect();
    writeln!(text, "\n**Seen in** {}.", seen.join(", "))
}

/// `owner/name#12` of an address on GitHub.
fn short(address: &str) -> String {
    let path = address.strip_prefix("https://github.com/").unwrap_or(address);
    match path.split('/').collect::<Vec<_>>()[..] {
        [owner, name, "issues" | "pull", number] => format!("{owner}/{name}#{number}"),
        _ => path.to_owned(),
    }
}
