//! Every program of `c_tests/misuse`, dynamic and static: what is found through this engine, and what is not, with the
//! reason. docs/calibration.md has the table. The twins, which are right, give nothing.

use crate::engine::{Outcome, can_attach, run};
use epshim_check::{Certainty, Rule};
use epshim_harness::misuse::{Variant, programs};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::thread;

/// What this engine does not find, and why not.
const MISSED: [(&str, &str); 14] = [
    (
        "ctl-error/regular_file",
        "a refused number may be another file a millisecond later: a note only",
    ),
    ("edge-not-drained/inotify_once", "the readiness of an inotify instance does not show outside"),
    ("empty-datagram/notify_socket", "the close is told when it is made already"),
    ("empty-datagram/udp_server", "the close is told when it is made already"),
    ("fd-inherited/forks", "the close is told when it is made already"),
    ("fd-inherited/spawns", "the close is told when it is made already"),
    ("hangup-unread/eight_at_once", "FIONREAD cannot be asked before the close"),
    ("hangup-unread/pipe_output", "FIONREAD cannot be asked before the close"),
    ("hangup-unread/rdhup_first", "FIONREAD cannot be asked before the close"),
    ("level-spin/err_unhandled", "the error of a socket does not show outside"),
    ("level-spin/hup_unhandled", "the hang-up of a pipe does not show outside"),
    ("loop-stall/locked_already", "it never waits again, as one that has left its loop for good"),
    ("loop-stall/own_pipe", "it never waits again, as one that has left its loop for good"),
    ("lost-write/select_for_input", "a thread in select may wait for room"),
];
/// Linked statically, these are found in the C library's function that sleeps, not in its caller: which functions are the
/// library's is known by the file that they are mapped from, and here there is one.
const NOT_STATIC: [&str; 2] = ["loop-stall/lock", "loop-stall/sleeps"];
/// The write is told when it is made already.
const SIGPIPE: &str = "sigpipe";
/// Run alone, some find what others delay: a loaded machine is given more tries.
const TRIES: u32 = 8;
/// So many run at a time.
const AT_A_TIME: usize = 3;

fn is_missed(program: &Variant) -> bool {
    let is_it = |(name, _): &(&str, &str)| *name == program.name;
    MISSED.iter().any(is_it) || program.rule() == SIGPIPE
}

fn is_of_notes(rule: &str) -> bool {
    rule.parse::<Rule>().expect("a rule").certainties() == [Certainty::Note]
}

/// The rules that were found, surer than a note, or of a rule of notes.
fn rules(outcome: &Outcome) -> BTreeSet<String> {
    let name = |line: &serde_json::Value| line["rule"].as_str().expect("a name").to_owned();
    let found =
        outcome.findings().filter(|line| line["certainty"] != "note" || is_of_notes(&name(line)));
    found.map(name).collect()
}

/// What is wrong with a run.
enum Wrong {
    /// What another run may find, on a machine that is less busy.
    Missed(String),
    /// What no run may say.
    Accused(String),
}

/// What is wrong with a run, if something is.
fn judge(program: &Variant, outcome: &Outcome) -> Result<(), Wrong> {
    let found = rules(outcome);
    let expected: BTreeSet<String> = program.expects.iter().cloned().collect();
    if !found.is_subset(&expected) {
        return Err(Wrong::Accused(format!("it may have {expected:?}: {}", outcome.err)));
    }
    is_found(program, outcome, &found, &expected).map_err(Wrong::Missed)
}

fn is_found(
    program: &Variant,
    outcome: &Outcome,
    found: &BTreeSet<String>,
    expected: &BTreeSet<String>,
) -> Result<(), String> {
    let verdict = if program.is_right() { "misbehaved: no" } else { "misbehaved: yes" };
    if outcome.out.last().map(String::as_str) != Some(verdict) {
        return Err(format!("its output is another: {:?}", outcome.out));
    }
    // A history that is broken is no ground for a finding.
    let has_losses = outcome.err.contains("not recorded");
    let is_as_expected = match is_missed(program) {
        true => found.is_empty(),
        false => has_losses || found == expected,
    };
    if !is_as_expected {
        return Err(format!("expected {expected:?}, found {found:?}\n{}", outcome.err));
    }
    let is_marked = |line: &serde_json::Value| {
        let frame = &line["sites"][0]["frames"][0];
        // Of a program that ends within a millisecond nothing can be read any more.
        if frame["module"].is_null() {
            return true;
        }
        frame["line"].as_u64().is_some_and(|line| program.findings().contains(&line))
    };
    match outcome
        .findings()
        .filter(|line| line["certainty"] != "note")
        .find(|line| !is_marked(line))
    {
        Some(line) => Err(format!("it points elsewhere: {line}")),
        None => Ok(()),
    }
}

/// Returns what was found.
fn try_it(program: &Variant, options: &[&str], suffix: &str) -> Result<BTreeSet<String>, String> {
    let built = program.build(suffix, options);
    let notes = if is_of_notes(program.rule()) { &["--notes"][..] } else { &[] };
    let all = [&["--children"], notes].concat();
    let mut missed = String::new();
    for _ in 0..TRIES {
        let outcome = run(&built, &all);
        match judge(program, &outcome) {
            Ok(()) => return Ok(rules(&outcome)),
            Err(Wrong::Missed(what)) => missed = what,
            Err(Wrong::Accused(what)) => return Err(what),
        }
    }
    Err(missed)
}

/// Returns the rules of which something was found.
fn check_all(all: Vec<Variant>, options: &[&str], suffix: &str) -> BTreeSet<String> {
    let found = Mutex::new(BTreeSet::new());
    let queue = Mutex::new(all.into_iter());
    let wrong = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                loop {
                    let Some(program) = queue.lock().unwrap().next() else { break };
                    match try_it(&program, options, suffix) {
                        Ok(rules) => found.lock().unwrap().extend(rules),
                        Err(what) => {
                            wrong.lock().unwrap().push(format!("{}: {what}", program.name));
                        }
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    found.into_inner().unwrap()
}

/// The rules of the beginning that this engine finds; of the thirteen `hangup-unread` is missing.
const OLD: [&str; 12] = [
    "accept-spin",
    "blocking-fd",
    "ctl-error",
    "edge-not-drained",
    "epfd-misuse",
    "fork-shared",
    "ghost",
    "layout-mismatch",
    "level-spin",
    "lost-write",
    "oneshot-not-rearmed",
    "sub-ms-spin",
];

#[test]
fn every_misuse_is_found_that_this_engine_can_find_and_no_twin() {
    if can_attach() {
        let found = check_all(programs(), &[], "-attached");
        let missing: Vec<_> = OLD.iter().filter(|rule| !found.contains(**rule)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}

/// One program a rule: without libc.so there is nothing to preload into.
#[test]
fn static_programs_too() {
    if !can_attach() {
        return;
    }
    let mut rules = BTreeSet::new();
    let is_first = |program: &Variant| {
        !program.is_right()
            && !is_missed(program)
            && !NOT_STATIC.contains(&&*program.name)
            && rules.insert(program.rule().to_owned())
    };
    let firsts: Vec<Variant> = programs().into_iter().filter(is_first).collect();
    assert!(firsts.len() >= 19, "{}", firsts.len());
    check_all(firsts, &["-static"], "-static");
}
