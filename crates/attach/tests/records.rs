//! The records of the rules: each has a page, its own or that of the rule of `epshim check` with its name.

use epshim_attach::verdicts::{ALL, NOT_SEEN, record};
use epshim_check::Rule;
use std::collections::BTreeSet;

#[test]
fn each_rule_has_one_page() {
    for record in ALL {
        let of_check = record.name.parse::<Rule>().is_ok();
        assert_ne!(of_check, record.page.is_some(), "{}", record.name);
        assert!(record.fix.len() > 40 && record.fix.ends_with('.'), "{}", record.name);
        assert!(record.certainties.is_sorted_by(|one, next| one > next), "{}", record.name);
    }
}

#[test]
fn a_rule_is_seen_or_named_as_not_seen() {
    let seen = ALL.into_iter().map(|record| record.name);
    let names: BTreeSet<&str> = seen.chain(NOT_SEEN.map(|(name, _)| name)).collect();
    assert_eq!(names.len(), ALL.len() + NOT_SEEN.len());
    for rule in Rule::ALL {
        assert!(names.contains(rule.name()), "{rule}");
    }
}

#[test]
fn pages_are_complete() {
    for page in ALL.into_iter().filter_map(|record| record.page) {
        assert!(page.finds.len() <= 90, "a line of the table: {}", page.finds);
        for (text, length) in
            [(page.hurts, 90), (page.evidence, 80), (page.silent, 60), (page.fix, 60)]
        {
            assert!(
                text.len() >= length && text.trim() == text && !text.contains("  "),
                "{text:?}"
            );
        }
        assert!((2..=4).contains(&page.seen.len()), "{}", page.finds);
    }
    assert!(record("loop-blocked").is_some() && record("no-such").is_none());
}
