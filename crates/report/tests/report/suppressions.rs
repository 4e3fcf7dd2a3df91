//! Suppressions: what each line means, what is wrong with it, and what it matches.

use crate::sample::{bare, frame, ghost, symbol};
use epshim_check::{Certainty, Role, Rule};
use epshim_report::glob::glob_matches;
use epshim_report::{Report, Stack, Suppressions};
use proptest::option;
use proptest::prelude::*;

fn suppresses(line: &str, report: &Report) -> bool {
    let (mut suppressions, complaints) = Suppressions::parse(line);
    assert_eq!(complaints, [], "{line}");
    suppressions.suppress(report)
}

#[test]
fn a_line_matches_function_file_or_module_of_any_frame() {
    for line in [
        "ghost:poll_once",
        "ghost:run",
        "*:main",
        "  ghost : conn_* \r\n",
        "# a comment\n\n   # another: it is one\n\nghost:conn_new",
        "ghost:src/loop.c",
        "ghost:loop.?",
        "*:main.c",
        "ghost:server",
        "ghost:/usr/bin/*",
        "*:libpool.so*",
        "level-spin:*\nghost:*",
    ] {
        assert!(suppresses(line, &ghost()), "{line}");
    }
    for line in
        ["", "level-spin:poll_once", "ghost:poll", "ghost:once", "ghost:bin", "ghost:oop.c", "*:?"]
    {
        assert!(!suppresses(line, &ghost()), "{line}");
    }
}

#[test]
fn what_is_wrong_is_named_with_its_line_and_the_rest_counts() {
    let text = "# fine\nghost\ngost:x\nzzz:x\n ghost:\n:x\nghost:main # no comment here\n*:main";
    let (mut suppressions, complaints) = Suppressions::parse(text);
    let complaints: Vec<String> = complaints.iter().map(ToString::to_string).collect();
    let expected = [
        "line 2: `ghost` has no colon: write rule:glob",
        "line 3: no rule `gost`; did you mean `ghost`?",
        "line 4: no rule `zzz`; `epshim rules` lists them",
        "line 5: `ghost:` suppresses nothing: write ghost:*",
        "line 6: no rule ``; `epshim rules` lists them",
    ];
    assert_eq!(complaints, expected);
    assert!(suppressions.suppress(&ghost()));
    assert!(suppressions.has_suppressed(ghost().finding.fingerprint()));
}

#[test]
fn a_finding_that_matches_nothing_is_not_remembered() {
    let (mut suppressions, _) = Suppressions::parse("ghost:nobody");
    assert!(!suppressions.suppress(&ghost()));
    assert!(!suppressions.has_suppressed(ghost().finding.fingerprint()));
}

#[test]
fn many_stars_take_no_exponential_time() {
    let glob = "*a".repeat(1000);
    assert!(glob_matches(&glob, &"a".repeat(2000)));
    assert!(!glob_matches(&(glob + "b"), &"a".repeat(2000)));
}

/// By the definition.
fn naive(glob: &[char], text: &[char]) -> bool {
    match (glob, text) {
        ([], []) => true,
        (['*', rest @ ..], _) => naive(rest, text) || (!text.is_empty() && naive(glob, &text[1..])),
        (['?', rest @ ..], [_, after @ ..]) => naive(rest, after),
        ([wanted, rest @ ..], [found, after @ ..]) if wanted == found => naive(rest, after),
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn globs_match_by_their_definition(glob in "[ab*?é]{0,8}", text in "[ab*é]{0,10}") {
        let chars = |text: &str| text.chars().collect::<Vec<char>>();
        prop_assert_eq!(glob_matches(&glob, &text), naive(&chars(&glob), &chars(&text)));
    }
}

proptest! {
    #[test]
    fn the_line_that_a_report_offers_suppresses_it(
        function in option::of(any::<String>()),
        module in any::<String>(),
        has_frame: bool,
    ) {
        let mut report = bare(Rule::LostWrite, Certainty::Suspected, 3, 4);
        if has_frame {
            let symbols = function.map(|name| symbol(&name, None, None)).into_iter().collect();
            let frames = vec![frame(&module, 16, symbols)];
            report.stacks = vec![Stack { role: Role::Now, frames }];
        }
        let line = report.suppression();
        prop_assert!(suppresses(&line, &report), "{}", line);
    }
}
