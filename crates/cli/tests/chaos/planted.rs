//! The planted bugs, each of which a plain client passes.

use crate::{Program, programs, search, text, turn};
use epshim_harness::c_compiler::{build, c11};
use epshim_harness::cargo;
use epshim_harness::process::run;
use std::fs;
use std::process::Command;
use std::thread;

/// Seeds in which each must be found.
const SEEDS: &str = "20";
/// Faults that are left.
const LEFT: usize = 3;

#[test]
fn there_are_ten_kinds_of_bug_at_least() {
    assert!(programs().len() >= 10);
}

#[test]
fn every_planted_bug_is_found_shrunk_and_replayed() {
    thread::scope(|scope| {
        for program in programs() {
            scope.spawn(move || is_found(&program));
        }
    });
}

fn is_found(program: &Program) {
    let _turn = turn();
    let name = &program.name;
    let path = program.build(false);
    run(&mut Command::new(&path));
    let words = [&["--seed", "1", "--runs", SEEDS][..], &program.words()].concat();
    let outcome = search(name, &words, &[text(&path)]);
    assert_eq!(outcome.code, 1, "{name}: {}", outcome.err);
    let failure = outcome.line("chaos-failure");
    let faults: Vec<&str> =
        failure["faults"].as_array().unwrap().iter().map(|fault| fault.as_str().unwrap()).collect();
    assert!((1..=LEFT).contains(&faults.len()), "{name}: {faults:?}");
    let is_it = |fault: &&str| fault.starts_with(&program.fault);
    assert!(faults.iter().any(is_it), "{name}: {faults:?}");
    assert_eq!(failure["verdict"], *program.verdict, "{name}: {}", outcome.err);
    assert_eq!(failure["replays_failed"], 5, "{name}: {}", outcome.err);
    assert_eq!(outcome.line("chaos-summary")["illegal"], 0, "{name}");

    let file = failure["replay_file"].as_str().unwrap();
    let file = outcome.folder.join(file);
    let replayed = search(&format!("{name}-again"), &["--replay", text(&file)], &[text(&path)]);
    assert_eq!(replayed.code, 1, "{name}: {}", replayed.err);

    // Another build is another program.
    let other = program.build(true);
    let refused = search(&format!("{name}-other"), &["--replay", text(&file)], &[text(&other)]);
    assert_eq!(refused.code, 2, "{name}: {}", refused.err);
    let survived =
        search(&format!("{name}-forced"), &["--force", "--replay", text(&file)], &[text(&other)]);
    assert_eq!(survived.code, 0, "{name}: its twin: {}", survived.err);
}

/// What is used up a program may refuse, but not for ever: the twins go on.
#[test]
fn the_twins_of_brutal_bugs_survive_them() {
    thread::scope(|scope| {
        for program in programs().into_iter().filter(Program::is_brutal) {
            scope.spawn(move || {
                let _turn = turn();
                let name = format!("{}-right", program.name);
                let path = program.build(true);
                let words = [&["--seed", "1", "--runs", SEEDS][..], &program.words()].concat();
                let outcome = search(&name, &words, &[text(&path)]);
                assert_eq!(outcome.code, 0, "{name}: {}", outcome.err);
                let summary = outcome.line("chaos-summary");
                assert_eq!(summary["illegal"], 0, "{name}: {}", outcome.err);
                let made = &summary["faults_by_kind"][&program.fault];
                assert!(made.as_u64() > Some(0), "{name}: {}", outcome.err);
            });
        }
    });
}

#[test]
fn a_lowered_limit_is_this_process_s_alone() {
    let _turn = turn();
    let source = cargo::root().join("crates/cli/tests/chaos/limit.c");
    let path = build(c11().args(["-g", "-O1"]).arg(source), "chaos-limit");
    let words = ["--seed", "1", "--runs", "8", "--level", "brutal"];
    let words = [&words[..], &["--only", "descriptors-exhausted"]].concat();
    let outcome = search("limit", &words, &[text(&path)]);
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    let summary = outcome.line("chaos-summary");
    let made = summary["faults_by_kind"]["descriptors-exhausted"].as_u64();
    assert!(made > Some(10), "{}", outcome.err);
    assert_eq!(summary["illegal"], 0, "{}", outcome.err);
}

#[test]
fn the_report_says_where_and_why_it_is_legal() {
    let _turn = turn();
    let program = programs().into_iter().find(|program| program.name == "rest_forgotten").unwrap();
    let path = program.build(false);
    let words = ["--only", "short-write", "--seed", "1", "--runs", "40"];
    let outcome = search("report", &words, &[text(&path)]);
    assert_eq!(outcome.code, 1, "{}", outcome.err);
    for part in [
        "short write: connection ",
        "#0 flush rest_forgotten.c:",
        "legal: write(2), RETURN VALUE",
        "1 of ",
        "(5/5 replays)",
        "again: epshim chaos --replay ",
        "SUMMARY: epshim: chaos hang short-write rest_forgotten.c:",
    ] {
        assert!(outcome.err.contains(part), "no {part}:\n{}", outcome.err);
    }
    let fault = outcome.line("chaos-fault");
    assert_eq!(fault["fault"], "short-write");
    assert!(fault["given"].as_u64() < fault["asked"].as_u64(), "{fault}");
    assert!(fs::exists(outcome.folder.join("lines")).unwrap());
}
