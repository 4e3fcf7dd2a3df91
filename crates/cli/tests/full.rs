//! Output that cannot be written is a failure that is said: exit code 1, and a line on standard error. A
//! reader that has seen enough is none.

mod command;

use command::{epshim, watching};
use std::fs::File;
use std::process::{Command, Output, Stdio};

/// Command lines that answer on standard output, and their exit code where they cannot: `check` and
/// `run` have env(1)'s for their own failures.
const ANSWERS: [(&[&str], i32); 22] = [
    (&["--help"], 1),
    (&["-h"], 1),
    (&["--version"], 1),
    (&["-V"], 1),
    (&["help"], 1),
    (&["help", "layout"], 1),
    (&["check", "--help"], 1),
    (&["run", "-h"], 1),
    (&["rules", "--help"], 1),
    (&["explain", "--help"], 1),
    (&["layout", "--help"], 1),
    (&["completions", "--help"], 1),
    (&["rules"], 1),
    (&["rules", "--json"], 1),
    (&["rules", "--markdown"], 1),
    (&["explain", "ghost"], 1),
    (&["explain", "ghost", "--json"], 1),
    (&["layout", "--all"], 1),
    (&["layout", "--emit", "c"], 1),
    (&["completions", "bash"], 1),
    (&["check", "--print-env"], 125),
    (&["run", "--print-env", "true"], 125),
];

#[track_caller]
fn fails(output: &Output, what: &[&str], code: i32) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{what:?}: {errors}");
    assert!(errors.starts_with("epshim: cannot write"), "{what:?}: {errors}");
    assert_eq!(errors.lines().count(), 1, "{what:?}: {errors}");
}

#[test]
fn a_full_disk_is_said() {
    for (arguments, code) in ANSWERS {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = watching(arguments).stdout(full).stderr(Stdio::piped()).output().unwrap();
        fails(&output, arguments, code);
        assert!(String::from_utf8_lossy(&output.stderr).contains("No space left"), "{output:?}");
    }
}

/// The shell's command that runs another one without standard output.
fn without_output(arguments: &[&str]) -> Command {
    let command = watching(arguments);
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$0\" \"$@\" >&-"]).arg(command.get_program()).args(arguments);
    for (name, value) in command.get_envs() {
        assert_eq!(value, None);
        shell.env_remove(name);
    }
    shell
}

#[test]
fn a_closed_output_is_said() {
    for (arguments, code) in ANSWERS {
        let output = without_output(arguments).output().unwrap();
        fails(&output, arguments, code);
        assert!(String::from_utf8_lossy(&output.stderr).contains("it is closed"), "{output:?}");
    }
}

#[test]
fn a_program_needs_no_output() {
    for subcommand in ["check", "run"] {
        let output = without_output(&[subcommand, "sh", "-c", "exit 3"]).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{output:?}");
    }
}

#[test]
fn what_was_asked_wrongly_is_said_where_output_is_closed() {
    let output = without_output(&["explain", "gost"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("did you mean"), "{output:?}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    for (arguments, _) in ANSWERS {
        let mut child = epshim(arguments).stdout(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        assert_eq!(child.wait().unwrap().code(), Some(0), "{arguments:?}");
    }
}

#[test]
fn the_symbolizer_says_that_its_answers_cannot_be_written() {
    let mut child = epshim(&["symbolize"])
        .stdin(Stdio::piped())
        .stdout(File::options().write(true).open("/dev/full").unwrap())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut questions = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut questions, b"/no/such/file\t0x1\n").unwrap();
    drop(questions);
    fails(&child.wait_with_output().unwrap(), &["symbolize"], 1);
}
