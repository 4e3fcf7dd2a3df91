//! The ways in which `stuck.c` is stuck, built with -O2, dynamically and statically.

use crate::answer::{look, look_until};
use crate::command::{answer, output};
use epshim_harness::c_compiler::compile;
use epshim_harness::process::Process;
use epshim_harness::{cargo, deadline};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A way, the rule that names it, how sure it is, and what may be said beside that.
pub type Way = (&'static str, &'static str, &'static str, &'static [&'static str]);

const WAITS: [Way; 11] = [
    ("edge", "edge-not-drained", "suspected", &[]),
    ("edge_timer", "edge-not-drained", "suspected", &[]),
    ("edge_unix", "edge-not-drained", "suspected", &[]),
    ("edge_listener", "edge-not-drained", "suspected", &["backlog-waiting"]),
    ("oneshot", "oneshot-not-rearmed", "suspected", &[]),
    ("eof", "eof-unread", "certain", &[]),
    ("eof_edge", "eof-unread", "certain", &[]),
    ("backlog", "backlog-waiting", "certain", &[]),
    ("closed", "epfd-misuse", "certain", &[]),
    ("layout", "layout-mismatch", "certain", &[]),
    ("crowd", "crowd", "note", &[]),
];

const SPINS: [Way; 11] = [
    ("ghost", "ghost", "certain", &[]),
    ("ghost_fork", "ghost", "certain", &[]),
    ("ghost_eventfd", "ghost", "certain", &[]),
    ("many_ghost", "ghost", "certain", &[]),
    ("close_wait", "level-spin", "certain", &[]),
    ("unread", "level-spin", "certain", &[]),
    ("eventfd", "level-spin", "certain", &[]),
    ("out", "level-spin", "suspected", &[]),
    ("reset", "level-spin", "suspected", &[]),
    ("zero", "sub-ms-spin", "note", &[]),
    ("accept_spin", "accept-spin", "certain", &["descriptor-limit"]),
];

const ELSEWHERE: [Way; 8] = [
    ("blocking", "blocking-fd", "certain", &[]),
    ("elsewhere", "loop-blocked", "certain", &[]),
    ("sleeps", "loop-blocked", "certain", &[]),
    ("computes", "loop-blocked", "suspected", &[]),
    ("nobody", "no-waiter", "certain", &[]),
    ("nobody_idle", "no-waiter", "note", &[]),
    ("inherited", "epfd-inherited", "note", &[]),
    ("fork_shared", "fork-shared", "note", &[]),
];

pub fn build(name: &str, flags: &[&str]) -> PathBuf {
    let source = cargo::root().join("crates/cli/tests/inspect/stuck.c");
    let source = source.to_str().expect("UTF-8").to_owned();
    compile("", &[&source], name, flags)
}

pub fn start(program: &Path, way: &str) -> Process {
    let mut process = Process::start(way, Command::new(program).arg(way));
    let line = process.next_line(deadline()).expect("in time");
    assert_eq!(line.as_deref(), Some("stuck"), "{way}");
    process
}

/// Has it end, and say what it has seen until then.
pub fn what_it_saw(process: &mut Process) -> String {
    process.signal(libc::SIGTERM);
    process.next_line(deadline()).expect("in time").expect("it says what it saw")
}

/// Has it end, and say whether it noticed anything.
pub fn has_noticed_nothing(mut process: Process, way: &str, delivered: Option<&str>) {
    let line = what_it_saw(&mut process);
    assert!(line.starts_with("interrupted 0 "), "{way}: {line}");
    if let Some(delivered) = delivered {
        assert!(line.ends_with(&format!("delivered {delivered}")), "{way}: {line}");
    }
}

fn all_are_named(program: &Path, ways: &[Way]) {
    for &(way, rule, certainty, beside) in ways {
        let process = start(program, way);
        let found = look_until(process.id(), rule, certainty, &[]);
        let others: Vec<_> = found
            .certain_or_suspected()
            .into_iter()
            .filter(|other| *other != rule && !beside.contains(other))
            .collect();
        assert!(others.is_empty(), "{way} is {rule}, and not {others:?}: {:#}", found.object);
        // An edge is told once, whoever looks.
        let delivered = matches!(way, "edge" | "edge_timer" | "edge_unix" | "oneshot");
        has_noticed_nothing(process, way, delivered.then_some("1"));
    }
}

#[test]
fn what_waits_in_vain_is_named() {
    all_are_named(&build("inspect-waits", &[]), &WAITS);
}

#[test]
fn what_spins_is_named() {
    all_are_named(&build("inspect-spins", &[]), &SPINS);
}

#[test]
fn what_is_elsewhere_is_named() {
    all_are_named(&build("inspect-elsewhere", &[]), &ELSEWHERE);
}

#[test]
fn static_programs_are_seen_as_others_are() {
    let program = build("inspect-static", &["-static"]);
    for ways in [&WAITS[..], &SPINS, &ELSEWHERE] {
        all_are_named(&program, ways);
    }
}

#[test]
fn programs_that_are_right_are_not_named() {
    let program = build("inspect-right", &[]);
    for way in ["idle", "busy"] {
        let process = start(&program, way);
        for _ in 0..5 {
            let found = look(process.id(), &[]).expect("it runs");
            assert_eq!(found.certain_or_suspected(), [""; 0], "{way}: {:#}", found.object);
        }
        has_noticed_nothing(process, way, None);
    }
}

/// Equal rows are counted.
#[test]
fn many_registrations_are_a_screen() {
    let process = start(&build("inspect-many", &[]), "many");
    let text = output(&["inspect", "-v", "--interval", "0.2", &process.id().to_string()]);
    assert!(text.contains("1500 times: unix stream a peer, ESTABLISHED; asks for IN ET"), "{text}");
    assert!(text.lines().count() < 24, "{text}");
}

/// Nothing that names the machine's addresses or the user's folders is left.
#[test]
fn redacted_answers_have_no_address_and_no_path() {
    let process = start(&build("inspect-redacted", &[]), "elsewhere");
    let pid = process.id().to_string();
    for options in
        [&["inspect", "--redact", "-v", &pid][..], &["inspect", "--redact", "--json", &pid]]
    {
        let answer = answer(options);
        assert_eq!(answer.code, 1, "{answer:?}");
        let folder = env!("CARGO_TARGET_TMPDIR");
        assert!(
            !answer.out.contains("127.0.0.1") && !answer.out.contains(folder),
            "{}",
            answer.out
        );
        assert!(answer.out.contains("(hidden)"), "{}", answer.out);
    }
}

#[test]
fn what_is_not_there_is_a_sentence_and_no_answer() {
    for (target, sentence) in [
        ("2147483647", "epshim: process 2147483647: there is no such process\n"),
        (
            "no-such-name",
            "epshim: no process, unit or container is called `no-such-name`; `epshim inspect --all` lists those with \
             an epoll\n",
        ),
        ("0", "epshim: 0 is no process id\n"),
        (
            "",
            "epshim: no process, unit or container is called ``; `epshim inspect --all` lists those with an epoll\n",
        ),
    ] {
        let answer = answer(&["inspect", target]);
        assert_eq!((answer.code, &*answer.out, &*answer.err), (2, "", sentence));
    }
}

/// docs/json.md has each field that there is, with its type.
#[test]
fn the_json_is_as_it_is_documented() {
    let (program, schema) = (build("inspect-schema", &[]), crate::schema::Schema::read());
    for (way, rule) in [("ghost_fork", "ghost"), ("blocking", "blocking-fd")] {
        let process = start(&program, way);
        let found = look_until(process.id(), rule, "certain", &[]);
        assert_eq!(schema.refuse(&found.object), Ok(()));
    }
}

/// The stack of a thread that is blocked has the program's own functions, without a stop.
#[test]
fn the_stack_of_a_blocked_thread_names_the_programs_functions() {
    let program = build("inspect-stack", &[]);
    let process = start(&program, "elsewhere");
    let found = look_until(process.id(), "loop-blocked", "certain", &[]);
    let frames = &found.object["findings"][0]["sites"][0]["frames"];
    let functions: Vec<_> = frames
        .as_array()
        .expect("a stack")
        .iter()
        .filter_map(|frame| frame["function"].as_str())
        .collect();
    let is_there = |name: &str| functions.iter().any(|function| function.contains(name));
    // The way itself is called last in `main`, which jumps to it.
    assert!(is_there("pthread_mutex_lock") && is_there("main"), "{functions:?}");
    has_noticed_nothing(process, "elsewhere", None);
}
