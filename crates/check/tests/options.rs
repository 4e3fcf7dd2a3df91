//! `EPSHIM_OPTIONS`: what each text means, what is wrong with it, and that what is written is read.

use epshim_check::options::{Color, Complaint, Interpreter, MAX_STACK_DEPTH, Mode, expand};
use epshim_check::{Options, Rule};
use epshim_observe::fault::{Fault, Faults, Level};
use proptest::collection::btree_set;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn parsed(text: &str) -> Options {
    let (options, complaints) = Options::parse(text);
    assert_eq!(complaints, [], "{text}");
    options
}

/// The only complaint about a text, in words.
fn complaint(text: &str) -> String {
    let (_, complaints) = Options::parse(text);
    assert_eq!(complaints.len(), 1, "{text}: {complaints:?}");
    complaints[0].to_string()
}

#[test]
fn an_empty_text_changes_nothing() {
    for text in ["", ":", " \n\t::  "] {
        assert_eq!(parsed(text), Options::default());
    }
    assert_eq!(Options::default().to_string(), "");
}

#[test]
fn every_separator_separates_and_the_last_word_wins() {
    let options = parsed("mode=check:notes=1 exitcode=3\nhelp=1\tcolor=never::exitcode=7:");
    assert_eq!((options.mode, options.notes, options.exitcode), (Mode::Check, true, 7));
    assert_eq!((options.help, options.color), (true, Color::Never));
}

#[test]
fn a_comma_separates_rules_and_belongs_to_a_path() {
    let options = parsed("only=ghost,level-spin,ghost:json=/a,b.json");
    assert_eq!(options.only, [Rule::Ghost, Rule::LevelSpin].into());
    assert_eq!(options.json.as_deref(), Some("/a,b.json"));
}

#[test]
fn quotes_hold_separators_and_a_backslash_holds_quotes() {
    let options = parsed(r#"json="/a b:c\"\\d":log_path=/e"f\g:notes=1"#);
    assert_eq!(options.json.as_deref(), Some(r#"/a b:c"\d"#));
    assert_eq!(options.log_path.as_deref(), Some(r#"/e"f\g"#));
    assert!(options.notes);
}

#[test]
fn a_bad_quote_costs_its_own_option_only() {
    let (options, complaints) = Options::parse(r#"json="/a"b:notes=1:log_path="/open:help=1"#);
    let quotes = |key: &str| Complaint::Quotes(key.to_owned());
    assert_eq!(complaints, [quotes("json"), quotes("log_path")]);
    assert_eq!(options, Options { notes: true, ..Options::default() });
}

#[test]
fn an_unknown_option_is_named_with_the_nearest_one() {
    assert_eq!(complaint("exit_code=3"), "unknown option `exit_code`; did you mean `exitcode`?");
    assert_eq!(complaint("zzz=3"), "unknown option `zzz`; help=1 lists them");
    assert_eq!(complaint("=3"), "unknown option ``; help=1 lists them");
    assert_eq!(complaint("notes"), "`notes` has no value: write notes=VALUE");
}

#[test]
fn a_bad_value_is_named_with_what_the_option_takes() {
    for (text, sentence) in [
        ("mode=chek", "mode=chek: expected check or chaos or transparent"),
        ("exitcode=256", "exitcode=256: expected a number from 0 to 255"),
        ("exitcode=-1", "exitcode=-1: expected a number from 0 to 255"),
        ("stall=10ms", "stall=10ms: expected off, or 200ms or more, as 500ms or 2s"),
        ("stack_depth=65", "stack_depth=65: expected a number from 0 to 64"),
        ("notes=", "notes=: expected 0 or 1"),
        ("color=blue", "color=blue: expected auto or always or never"),
        ("only=gost", "only=gost: no rule `gost`; did you mean `ghost`?"),
        (
            "except=zzz,q",
            "except=zzz,q: no rule `zzz`; `epshim rules` lists them; no rule `q`; `epshim rules` lists them",
        ),
    ] {
        assert_eq!(complaint(text), sentence);
        assert_eq!(Options::parse(text).0, Options::default(), "{text}");
    }
}

#[test]
fn the_known_rules_of_a_list_count() {
    let (options, complaints) = Options::parse("only=gost,level-spin");
    assert_eq!((options.only, complaints.len()), ([Rule::LevelSpin].into(), 1));
}

#[test]
fn a_rule_is_wanted_unless_left_out_or_excepted() {
    let wanted = |text: &str| {
        let options = parsed(text);
        Rule::ALL.into_iter().filter(|&rule| options.wants(rule)).collect::<Vec<_>>()
    };
    assert_eq!(wanted(""), Rule::ALL);
    assert_eq!(wanted("only=ghost,level-spin:except=ghost"), [Rule::LevelSpin]);
    assert_eq!(wanted("except=ghost").len(), Rule::ALL.len() - 1);
}

#[test]
fn an_update_wins_and_an_empty_value_takes_back() {
    let mut options = parsed("json=/a:log_path=/b:only=ghost:trace_children=0");
    assert_eq!(options.update("json=:log_path=stderr:only=:trace_children=yes"), []);
    assert_eq!(options, Options::default());
}

#[test]
fn help_names_every_option_with_its_default() {
    let help = Options::help();
    for line in
        ["exitcode=N ", "(default: 0)", "log_path=stderr|PATH", "(default: stderr)", "RULES"]
    {
        assert!(help.contains(line), "{line}: {help}");
    }
    let keys = help.lines().filter(|line| line.starts_with("  "));
    let keys: Vec<_> =
        keys.filter_map(|line| line.trim().split_once('=').map(|pair| pair.0)).collect();
    assert_eq!(keys.len(), 23);
    for key in keys {
        let (_, complaints) = Options::parse(&format!("{key}=?"));
        let unknown = complaints.iter().any(|c| matches!(c, Complaint::UnknownKey { .. }));
        assert!(!unknown, "{key}");
    }
}

#[test]
fn lines_are_of_some_languages_of_all_or_of_none() {
    let lines = |text: &str| Options::parse(text).0.lines;
    assert_eq!(lines(""), Interpreter::ALL.into());
    assert_eq!(lines("lines=0:lines=yes"), Interpreter::ALL.into());
    assert_eq!(lines("lines=no"), [].into());
    assert_eq!(lines("lines=php,node"), [Interpreter::Node, Interpreter::Php].into());
    let (options, complaints) = Options::parse("lines=pyhton,ruby");
    assert_eq!(options.lines, [Interpreter::Ruby].into());
    assert_eq!(
        complaints[0].to_string(),
        "lines=pyhton,ruby: no language `pyhton`; did you mean `python`?"
    );
    let (options, complaints) = Options::parse("lines=2");
    assert_eq!(options.lines, Interpreter::ALL.into());
    assert_eq!(
        complaints[0].to_string(),
        "lines=2: expected 0, 1 or some of python,node,ruby,php,java"
    );
}

#[test]
fn the_process_id_goes_where_the_path_says() {
    assert_eq!(expand("/tmp/%p.log", 42), "/tmp/42.log");
    assert_eq!(expand("%%p%p%x%", 7), "%p7%x%");
    assert_eq!(expand("/ä%p", 1), "/ä1");
}

fn rules() -> impl Strategy<Value = std::collections::BTreeSet<Rule>> {
    btree_set(select(Rule::ALL.to_vec()), 0..4)
}

prop_compose! {
    fn paths()(path in r#"[^\x00]{1,12}"#) -> Option<String> { Some(path) }
}

prop_compose! {
    fn all_options()(
        (mode, color) in (
            select(vec![Mode::Check, Mode::Chaos, Mode::Transparent]),
            select(vec![Color::Auto, Color::Always, Color::Never]),
        ),
        (json, log_path, suppressions, suppress, symbolizer) in
            (paths(), option::of(r#"[a: "\\\n,=%]{1,9}"#), paths(), paths(), option::of(".{1,9}")),
        (only, except) in (rules(), rules()),
        (exitcode, stack_depth, verbosity) in (any::<u8>(), 0..=MAX_STACK_DEPTH, 0..=9_u8),
        stall in prop_oneof![Just(0), 200..u32::MAX],
        (seed, level, faults) in (any::<u64>(), select(Level::ALL.to_vec()), 0..1_u32 << Fault::ALL.len()),
        lines in btree_set(select(Interpreter::ALL.to_vec()), 0..=Interpreter::ALL.len()),
        flags in any::<[bool; 6]>(),
    ) -> Options {
        let [halt_on_error, notes, trace_children, observer, symbolize, help] = flags;
        Options {
            mode, seed, level, faults: Faults(faults), json, log_path, only, except, exitcode, halt_on_error, suppressions, suppress,
            notes, trace_children, observer, stall, stack_depth, lines, symbolize, symbolizer, color, verbosity, help,
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(options in all_options()) {
        prop_assert_eq!(Options::parse(&options.to_string()), (options, vec![]));
    }

    #[test]
    fn any_text_is_read_without_panic_and_its_writing_means_the_same(text in r#"(\PC|[a-z=:" \\]|only=|json="|mode=check){0,12}"#) {
        let (options, _) = Options::parse(&text);
        prop_assert_eq!(Options::parse(&options.to_string()), (options, vec![]));
    }

    #[test]
    fn two_texts_in_one_are_the_second_upon_the_first(first in all_options(), second in all_options()) {
        let mut updated = first.clone();
        updated.update(&second.to_string());
        prop_assert_eq!(Options::parse(&format!("{first}:{second}")).0, updated);
    }
}
