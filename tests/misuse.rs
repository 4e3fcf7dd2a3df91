//! The misuse corpus on plain libc: every misuse really misbehaves, every twin does not.
//!
//! This is the proof that what the checker is held against is real; the checker itself has no part
//! here.
#![cfg(feature = "verify")]

use epshim_harness::misuse::{Variant, programs, reports, rules};
use epshim_harness::process::Process;
use epshim_harness::{sys, wait_for};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

/// How many programs run at a time. Most of them sleep most of the time.
const AT_A_TIME: usize = 4;

/// How long a program may run; none needs 14 s.
const LIMIT: Duration = Duration::from_secs(30);

/// The list that ends the documents' chapter on epoll.
const PITFALLS: [&str; 6] = [
    "EPOLLONESHOT without re-arming",
    "EPOLL_CTL_DEL on a closed descriptor",
    "assuming portability",
    "edge-triggered without draining",
    "forgetting O_NONBLOCK",
    "stale pointers in data.ptr",
];

/// Runs a program by itself in a process group, and returns what it printed.
fn run_alone(name: &str, program: &Path) -> String {
    let mut process = Process::start(name, Command::new(program).process_group(0));
    let start = Instant::now();
    while process.is_running() {
        assert!(start.elapsed() < LIMIT, "{name} runs for {LIMIT:?} already");
        thread::sleep(Duration::from_millis(5));
    }
    let status = process.wait();
    assert!(status.success(), "{name}: {status}\n{}", process.stderr());
    let left = || (!sys::group_exists(process.id())).then_some(());
    wait_for(&format!("the last process of {name} to go"), left);
    let verdict = || {
        let output = process.stdout();
        (output.contains("\nmisbehaved: ") && output.ends_with('\n')).then_some(output)
    };
    wait_for(&format!("the verdict of {name}"), verdict)
}

/// What is wrong with the program's behaviour on plain libc, if anything.
fn judge(program: &Variant) -> Option<String> {
    let output = run_alone(&program.name, &program.build("", &[]));
    let verdict = if program.is_right() { "no" } else { "yes" };
    let lines: Vec<_> = output.lines().collect();
    println!("{}: {}", program.name, lines[0]);
    let as_expected = lines.len() == 2 && lines[1] == format!("misbehaved: {verdict}");
    (!as_expected).then(|| format!("{}: {output}", program.name))
}

#[test]
fn every_misuse_misbehaves_and_no_twin_does() {
    let queue = Mutex::new([programs(), reports()].concat());
    let failures = Mutex::new(vec![]);
    let next = || queue.lock().expect("no holder panics").pop();
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some(program) = next() {
                    let failure = judge(&program);
                    failures.lock().expect("no holder panics").extend(failure);
                }
            });
        }
    });
    let failures = failures.into_inner().expect("no holder panicked");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_rule_has_two_misuses_and_one_is_after_a_real_bug() {
    let all = programs();
    for rule in rules() {
        let misuses: Vec<_> = all.iter().filter(|p| p.rule() == rule && !p.is_right()).collect();
        assert!(misuses.len() >= 2, "{rule} has only {misuses:?}");
        let links: Vec<_> = misuses.iter().flat_map(|p| p.values("after")).collect();
        assert!(!links.is_empty(), "no misuse of {rule} is after a real bug");
        assert!(links.iter().all(|link| link.starts_with("https://github.com/")), "{links:?}");
    }
}

/// The texts of the headers that it has beside it.
fn headers(program: &Variant, text: &str) -> impl Iterator<Item = String> {
    let names = text.lines().filter_map(|line| line.strip_prefix("#include \"")?.strip_suffix('"'));
    let folder = program.source.parent().expect("a folder");
    let own = names.filter(|name| !name.contains('/'));
    own.filter_map(move |name| fs::read_to_string(folder.join(name)).ok())
}

#[test]
fn every_misuse_says_what_is_expected_and_has_a_twin_that_expects_nothing() {
    let (all, rules) = (programs(), rules());
    let names: BTreeSet<_> = all.iter().map(|p| p.name.as_str()).collect();
    for program in &all {
        let name = &program.name;
        if program.is_right() {
            let misuse = name.strip_suffix("-right").expect("it is named after its misuse");
            assert!(names.contains(misuse), "{name} has no misuse");
            assert!(program.expects.is_empty(), "{name}");
            assert!(program.findings().is_empty(), "{name}");
            continue;
        }
        assert!(names.contains(format!("{name}-right").as_str()), "{name} has no twin");
        let text = fs::read_to_string(&program.source).expect("readable");
        let is_two = |text: &str| text.contains("def RIGHT\n");
        assert!(
            is_two(&text) || headers(program, &text).any(|text| is_two(&text)),
            "{name} is its own twin"
        );
        assert!(text.contains("\n * Right: "), "{name} does not say what its twin does");
        assert!(program.expects.iter().any(|rule| rule == program.rule()), "{name}: {program:?}");
        assert!(program.expects.iter().all(|rule| rules.contains(rule)), "{program:?}");
        assert!(!program.findings().is_empty(), "{name} does not say where");
        let kinds = ["hangs", "spins", "loses", "blocks", "error"];
        assert!(matches!(program.values("shows")[..], [kind] if kinds.contains(&kind)), "{name}");
    }
}

#[test]
fn every_pitfall_of_the_documents_has_a_program() {
    let all = programs();
    let covered: BTreeSet<_> = all.iter().flat_map(|p| p.values("pitfall")).collect();
    assert_eq!(covered, BTreeSet::from(PITFALLS));
}
