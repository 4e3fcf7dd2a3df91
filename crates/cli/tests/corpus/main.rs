//! Every program of `c_tests/misuse` under `epshim check`: exactly the expected rules are reported
//! for a misuse and nothing for its twin, where it happens, and the program notices nothing. The same of
//! `c_tests/reports`, whose misuses were not known when the rules were written.
//!
//! - `EPSHIM_CORPUS_RUNS=50`: 50 rounds in place of one, and all programs under the sanitizers;
//! - `EPSHIM_CORPUS_AT_A_TIME=16`: 16 programs at a time in place of 8;
//! - `EPSHIM_BLESS=1`: writes docs/reports, after which docs/rules.md is to be blessed too.

#[path = "../command/mod.rs"]
mod command;
mod golden;
mod recorded;
mod reports;
mod run;
mod sanitizers;
mod schema;
mod stall;

use epshim_check::{Certainty, Rule};
use epshim_harness::c_compiler::{build, c11};
use epshim_harness::cargo;
use epshim_harness::misuse::{self, Variant, programs};
use run::{Outcome, check, each};
use schema::Schema;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// What a program with findings is asked to exit with.
const FOUND: i32 = 9;

/// A program is run at most 8 times if the machine stands still meanwhile.
const TRIES: u32 = 8;

/// The tests take turns: each runs as many programs at a time as may run.
static MACHINE: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    let turn = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    stall::since(Instant::now());
    turn
}

fn number(variable: &str) -> Option<usize> {
    let text = env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}={text}: not a number")))
}

fn at_a_time() -> usize {
    number("EPSHIM_CORPUS_AT_A_TIME").unwrap_or(8)
}

/// Whether a rule can be no surer than a note.
fn is_of_notes(rule: &str) -> bool {
    let rule: Rule = rule.parse().expect("a rule");
    rule.certainties() == [Certainty::Note]
}

/// The findings that are surer than a note, or of a rule of notes.
fn findings(outcome: &Outcome) -> impl Iterator<Item = &Value> {
    let is_one = |line: &&Value| {
        line["certainty"] != "note" || is_of_notes(line["rule"].as_str().expect("a name"))
    };
    outcome.lines("finding").filter(is_one)
}

/// The rules that were found.
fn rules(outcome: &Outcome) -> BTreeSet<&str> {
    findings(outcome).map(|line| line["rule"].as_str().expect("a name")).collect()
}

/// What a program is watched with: its notes are asked for where they are what is expected.
fn options(program: &Variant) -> &'static [&'static str] {
    if is_of_notes(program.rule()) { &["--notes"] } else { &[] }
}

/// What is wrong with what was found, and with what the program printed, if anything.
fn judge(program: &Variant, outcome: &Outcome, code: i32) -> Result<(), String> {
    let expected: BTreeSet<_> = program.expects.iter().map(String::as_str).collect();
    if rules(outcome) != expected {
        return Err(format!("expected {expected:?}, found {:?}", rules(outcome)));
    }
    if outcome.code != Some(code) {
        return Err(format!("it exits with {:?}, not {code}", outcome.code));
    }
    let verdict = if program.is_right() { "no" } else { "yes" };
    let lines: Vec<_> = outcome.out.lines().collect();
    if lines.len() != 2 || lines[1] != format!("misbehaved: {verdict}") {
        return Err(format!("its output is another: {:?}", outcome.out));
    }
    findings(outcome).try_for_each(|line| points_at_the_mistake(program, line))
}

/// The first frame is the call that the source marks, with its function. A sanitizer's runtime makes
/// the calls that it wraps itself: of those no more can be said.
fn points_at_the_mistake(program: &Variant, finding: &Value) -> Result<(), String> {
    let frame = &finding["sites"][0]["frames"][0];
    if frame["module"].as_str().is_some_and(|module| module.contains("san.so.")) {
        return Ok(());
    }
    let is_here = frame["file"].as_str().is_some_and(|file| Path::new(file) == program.source);
    let is_marked = frame["line"].as_u64().is_some_and(|line| program.findings().contains(&line));
    let has_function = frame["function"].as_str().is_some_and(|function| !function.is_empty());
    if is_here && is_marked && has_function {
        return Ok(());
    }
    Err(format!("it points at {frame}, not at a line that is marked: {:?}", program.findings()))
}

/// What is wrong with the report's form: every line as docs/json.md says, as many findings in the
/// text, and an end that says what was not seen.
fn judge_report(outcome: &Outcome, schema: &Schema) -> Result<(), String> {
    outcome.json.iter().try_for_each(|line| schema.refuse(line))?;
    let Some(last) = outcome.json.last().filter(|line| line["kind"] == "summary") else {
        return Err("the last line of JSON is no summary".to_owned());
    };
    // All calls of the corpus go through libc, and the library sees them.
    if last["not_seen"].as_array().is_none_or(|not_seen| !not_seen.is_empty()) {
        return Err(format!("something was not seen: {last}"));
    }
    // Several processes write each their own.
    if outcome.lines("summary").count() > 1 {
        return Ok(());
    }
    let Some((reports, end)) = outcome.err.rsplit_once("== epshim: ") else {
        return Err("the text has no end".to_owned());
    };
    let summaries = |text: &str| -> Vec<String> {
        let after = text.split("== SUMMARY: epshim: ").skip(1);
        after.map(|line| line.lines().next().unwrap_or_default().to_owned()).collect()
    };
    let mut reported = summaries(reports);
    if reported.len() != outcome.lines("finding").count() {
        return Err("text and JSON have not the same findings".to_owned());
    }
    // The end repeats each once.
    let mut repeated = summaries(end);
    reported.sort();
    repeated.sort();
    reported.dedup();
    if reported != repeated {
        return Err(format!("the end of the text repeats {repeated:?}"));
    }
    let findings = last["findings"].as_u64().expect("as documented");
    let says_how_many = end.starts_with(&format!("{findings} finding"));
    if !says_how_many || !end.contains("==   not seen: nothing that left a trace") {
        return Err(format!("the end of the text is {end}"));
    }
    Ok(())
}

/// Runs a program until it was judged on a machine that did not stand still meanwhile, `TRIES` times at
/// most.
fn judged(
    program: &Variant,
    run: impl Fn() -> Outcome,
    judge: impl Fn(&Outcome) -> Result<(), String>,
) -> Result<(), String> {
    for _ in 1..TRIES {
        let start = Instant::now();
        let outcome = run();
        let Err(why) = judge(&outcome) else { return Ok(()) };
        let Some(stall) = stall::since(start) else {
            return Err(format!("{why}\n{}", outcome.err));
        };
        println!("{}: the machine stood still for {stall:.1?}: again", program.name);
    }
    let outcome = run();
    judge(&outcome).map_err(|why| format!("{why}\n{}", outcome.err))
}

/// Runs all of it, prints how long each round took, and fails with what went wrong and how often.
#[test]
fn every_misuse_is_found_where_it_happens_and_nothing_in_its_twin() {
    let _turn = turn();
    let schema = Schema::read();
    let built = each(programs(), at_a_time(), |program| (program.build("", &[]), program));
    let mut failures = BTreeMap::<_, Vec<_>>::new();
    let rounds = number("EPSHIM_CORPUS_RUNS").unwrap_or(1);
    for round in 1..=rounds {
        let start = Instant::now();
        let outcomes = each(built.iter().collect(), at_a_time(), |(path, program)| {
            let asked = ["--error-exitcode", &FOUND.to_string()];
            let run = || check(path, &[&asked, options(program)].concat());
            // Of some the finding is another process's, and the first ends as always.
            let is_of_one = program.values("exits").is_empty();
            let code = if program.is_right() || !is_of_one { 0 } else { FOUND };
            let verdict = |outcome: &Outcome| {
                judge(program, outcome, code).and_then(|()| judge_report(outcome, &schema))
            };
            (program, judged(program, run, verdict))
        });
        println!("round {round} of {rounds}: {} runs, {:.1?}", outcomes.len(), start.elapsed());
        for (program, verdict) in outcomes {
            if let Err(why) = verdict {
                println!("{}: {why}", program.name);
                failures.entry(&program.name).or_default().push(why);
            }
        }
    }
    assert!(failures.is_empty(), "in {rounds} rounds: {failures:#?}");
}

/// One misuse of each rule.
fn first_misuses() -> Vec<Variant> {
    let all = programs();
    let first = |rule: &str| all.iter().find(|one| one.rule() == rule && !one.is_right());
    misuse::rules().iter().map(|rule| first(rule).expect("a misuse").clone()).collect()
}

#[test]
fn every_rule_has_a_folder() {
    let mut all: Vec<_> = Rule::ALL.into_iter().map(Rule::name).collect();
    all.sort_unstable();
    assert_eq!(misuse::rules(), all);
}

#[test]
fn reports_are_as_documented_and_the_exit_code_is_the_program_s_own() {
    let _turn = turn();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reports");
    let failures = each(first_misuses(), at_a_time(), |program| {
        let path = program.build("", &[]);
        let file = folder.join(program.rule()).with_extension("txt");
        let verdict = |outcome: &Outcome| {
            judge(&program, outcome, 0)?;
            golden::compare(&file, &golden::last_finding(&outcome.err))
        };
        judged(&program, || check(&path, options(&program)), verdict)
            .err()
            .map(|why| format!("{}: {why}", program.name))
    });
    let failures: Vec<_> = failures.into_iter().flatten().collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// These tests have it write JSON too, and name the program by its path.
fn as_the_reader_has_it(report: &str, program: &Path) -> String {
    let report = report.replace(program.to_str().unwrap(), "target/stranded");
    let lines = report.lines().filter(|line| !line.contains("==   as JSON: "));
    let text = lines.map(|line| line.split_once(", as JSON to ").map_or(line, |(text, _)| text));
    text.map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_readme_shows_what_is_really_written() {
    let source = cargo::root().join("examples/stranded.c");
    let program = build(c11().arg("-g").arg(source), "stranded");
    let outcome = check(&program, &[]);
    let (report, out) = golden::in_readme("epshim check target/stranded\n");
    assert_eq!(outcome.out, out);
    let real = golden::shown(&outcome.err);
    let real = as_the_reader_has_it(&real, &program);
    assert_eq!(golden::essence(&real), golden::essence(&report), "{real}");
}
