//! What a program does not notice: each program checks itself, and passes without the library, with
//! it, checking, and when the checker has failed.

mod support;

use std::process::Command;
use support::{MODES, Mode};

/// The program passes in every mode.
fn passes(name: &str) {
    let program = support::compile(&[&format!("tests/behaviour/{name}.c")], name, &[]);
    for mode in MODES {
        support::run(&mut support::command(&program, mode));
    }
}

/// Has the checker fail at its `call`-th call.
fn failing(program: &str, call: u32) -> Command {
    let path = support::compile(&[&format!("tests/behaviour/{program}.c")], program, &[]);
    let mut command = support::command(path, Mode::Checking);
    command.env("EPSHIM_OPTIONS", format!("mode=check:panic_after={call}"));
    command
}

#[test]
fn cancellation_ends_every_blocked_call() {
    passes("cancel");
}

#[test]
fn children_leave_the_parent_as_it_was() {
    passes("processes");
}

#[test]
fn a_storm_of_signals_neither_hangs_nor_loses_an_errno() {
    passes("signals");
}

#[test]
fn a_checker_that_fails_says_so_once_and_the_program_lives_on() {
    for call in [1, 2, 3, 100, 1000] {
        let output = support::run(&mut failing("signals", call));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(errors.lines().count(), 1, "{errors}");
        assert!(errors.starts_with("==") && errors.contains("== epshim: the checker failed"));
    }
}

#[test]
fn a_transparent_library_says_nothing() {
    let path = support::compile(&["tests/behaviour/signals.c"], "signals", &[]);
    let output = support::run(&mut support::command(path, Mode::Transparent));
    assert!(output.stderr.is_empty() && output.stdout.is_empty());
}

/// The program passes in every mode, and the checker finds what it was to find.
fn passes_suspected(how: &str) {
    let path = support::compile(&["tests/behaviour/suspected.c"], "suspected", &[]);
    for mode in MODES {
        let output = support::run(support::command(&path, mode).arg(how));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(errors.contains("edge-not-drained"), mode == Mode::Checking, "{how}: {errors}");
        assert!(!errors.contains("the checker"), "{how}: {errors}");
        assert_eq!(output.stdout, if how == "daemon" { &b"passed\n"[..] } else { b"" });
    }
}

#[test]
fn the_checker_s_thread_outlives_neither_the_program_nor_its_main_thread() {
    passes_suspected("returns");
}

#[test]
fn exec_takes_the_checker_s_thread_away() {
    passes_suspected("executes");
}

#[test]
fn a_daemon_is_checked_on() {
    passes_suspected("daemon");
}
