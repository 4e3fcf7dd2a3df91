//! The corpus built with AddressSanitizer and ThreadSanitizer, whose runtimes wrap the same calls:
//! the programs run, and the same is found. One misuse of each rule; all programs with
//! `EPSHIM_CORPUS_RUNS`.

use crate::run::{Outcome, check, each};
use crate::{at_a_time, first_misuses, judge, judged, number, options, turn};
use epshim_harness::c_compiler::compiler;
use epshim_harness::misuse::{Variant, programs};
use epshim_harness::tools;
use std::fs;
use std::process::{Command, Stdio};

/// ThreadSanitizer's exit code when it has reported something.
const TSAN_REPORTED: i32 = 66;

/// Whether programs of this sanitizer can be built and run here; and if not, why.
fn is_here(kind: &str) -> Result<(), String> {
    let folder = epshim_harness::products::folder(&format!("sanitizer-{kind}"));
    let (source, program) = (folder.join("nothing.c"), folder.join("nothing"));
    fs::write(&source, "int main(void) { return 0; }\n").unwrap();
    let mut compiler = compiler();
    let output = compiler.arg(format!("-fsanitize={kind}")).arg(&source).arg("-o").arg(&program);
    let output = output.output().unwrap();
    if !output.status.success() {
        assert!(
            !tools::are_required(),
            "EPSHIM_REQUIRE_TOOLS is set, and there is no runtime: {output:?}"
        );
        return Err("the compiler has no runtime for it".to_owned());
    }
    // ThreadSanitizer does not start where the kernel spreads addresses too far.
    let status = Command::new(&program).stderr(Stdio::null()).status().unwrap();
    if status.success() { Ok(()) } else { Err(format!("a program that does nothing: {status}")) }
}

fn judge_sanitized(kind: &str, program: &Variant, outcome: &Outcome) -> Result<(), String> {
    let reported = outcome.err.contains("Sanitizer: ");
    let may_report = kind == "thread" && !program.values("tsan").is_empty();
    if reported && !may_report {
        return Err("the sanitizer reports something".to_owned());
    }
    judge(program, outcome, if reported { TSAN_REPORTED } else { 0 })
}

fn same_findings_under(kind: &str) {
    let _turn = turn();
    if let Err(why) = is_here(kind) {
        println!("skipped: {kind}: {why}");
        return;
    }
    let rounds = number("EPSHIM_CORPUS_RUNS");
    let all = if rounds.is_some() { programs() } else { first_misuses() };
    let option = format!("-fsanitize={kind}");
    let failures = each(all, at_a_time(), |program| {
        let path = program.build(&format!("-{kind}"), &[&option]);
        let verdict = |outcome: &Outcome| judge_sanitized(kind, &program, outcome);
        let verdict = judged(&program, || check(&path, options(&program)), verdict);
        verdict.err().map(|why| format!("{}: {why}", program.name))
    });
    let runs = failures.len();
    let failures: Vec<_> = failures.into_iter().flatten().collect();
    println!("{kind}: {runs} runs");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_same_is_found_under_address_sanitizer() {
    same_findings_under("address");
}

#[test]
fn the_same_is_found_under_thread_sanitizer() {
    same_findings_under("thread");
}
