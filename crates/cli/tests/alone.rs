//! `epshim` without a word behind it: what to do next, by what runs on the machine.

mod command;

use command::{answer, ask, epshim};
use epshim_harness::c_compiler::compile;
use epshim_harness::process::Process;
use epshim_harness::tools::skip;
use epshim_harness::{LIMIT, cargo, deadline};
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

fn build(name: &str) -> PathBuf {
    let source = cargo::root().join("crates/cli/tests/inspect/stuck.c");
    compile("", &[source.to_str().expect("UTF-8")], name, &[])
}

fn start(program: &PathBuf, way: &str) -> Process {
    let mut process = Process::start(way, Command::new(program).arg(way));
    let line = process.next_line(deadline()).expect("in time");
    assert_eq!(line.as_deref(), Some("stuck"), "{way}");
    process
}

/// What it says, on standard error, as clap says for want of a command.
fn said() -> String {
    let answer = answer(&[]);
    assert_eq!((answer.code, &*answer.out), (2, ""), "{answer:?}");
    assert_eq!(steps(&answer.err), 6, "{}", answer.err);
    let widest = answer.err.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(80), "{}", answer.err);
    answer.err
}

fn steps(text: &str) -> usize {
    let is_step = |line: &&str| line.starts_with("  ") && line.contains(" epshim ");
    text.lines().filter(is_step).count()
}

#[test]
fn a_process_that_spins_is_named_with_the_command_that_looks_at_it() {
    let process = start(&build("alone-spins"), "close_wait");
    let pid = process.id();
    let line = format!("PID {pid} (alone-spins) looks stuck (level-spin): epshim inspect {pid}\n");
    let start = Instant::now();
    // It looks for a quarter of a second, in which a busy machine may not let the program run.
    loop {
        let text = said();
        if text.contains(&line) {
            return;
        }
        assert!(start.elapsed() < LIMIT, "{text}");
    }
}

#[test]
fn a_process_that_waits_is_not_named() {
    let process = start(&build("alone-waits"), "idle");
    for _ in 0..3 {
        let text = said();
        assert!(!text.contains(&format!("PID {} ", process.id())), "{text}");
    }
}

/// In a place where processes cannot be seen.
#[test]
fn it_says_what_to_do_where_nothing_can_be_seen() {
    let hide = "mount -t tmpfs none /proc && exec \"$0\"";
    let hidden = |program: &str| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", hide, program]);
        command
    };
    if !hidden("true").status().is_ok_and(|status| status.success()) {
        return skip("a namespace without /proc cannot be made");
    }
    let program = epshim(&[]);
    let answer = ask(&mut hidden(program.get_program().to_str().expect("UTF-8")));
    assert_eq!((answer.code, &*answer.out, steps(&answer.err)), (2, "", 6), "{answer:?}");
    assert!(!answer.err.contains("looks stuck"), "{}", answer.err);
}
