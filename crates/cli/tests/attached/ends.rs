//! How it ends, and who is refused.

use crate::command::{Answer, answer, epshim};
use crate::engine::{attach, can_attach, file, is_privileged, outcome};
use epshim_harness::process::Process;
use epshim_harness::tools::is_installed;
use std::process::Command;

fn sleeper() -> Process {
    Process::start("sleep", Command::new("sleep").arg("600"))
}

#[test]
fn the_first_line_says_who_is_watched_and_what_it_costs_the_others() {
    if !can_attach() {
        return;
    }
    let process = sleeper();
    let pid = process.id().to_string();
    let Answer { code, err, .. } = answer(&["check", "--pid", &pid, "--for", "50ms"]);
    assert_eq!(code, 0, "{err}");
    let line = err.lines().next().unwrap_or_default();
    assert!(line.contains(&format!("watches sleep ({pid}) from outside, for 0.05 s")), "{line}");
    assert!(line.contains("every system call of every process of this machine"), "{line}");
    assert!(err.contains("0 findings in 0 waits"), "{err}");
}

#[test]
fn an_interrupt_ends_it_with_the_report_and_the_process_goes_on() {
    if !can_attach() {
        return;
    }
    let process = sleeper();
    for signal in [libc::SIGINT, libc::SIGTERM] {
        let to = file();
        let engine = attach(process.id(), &[], &to);
        engine.signal(signal);
        let outcome = outcome(engine, &to, Vec::new());
        assert_eq!(outcome.code, Some(0), "{}", outcome.err);
        assert_eq!(outcome.json.len(), 1, "{:?}", outcome.json);
        assert_eq!(outcome.json[0]["kind"], "summary");
    }
    assert!(process.is_running());
}

#[test]
fn the_end_of_the_last_process_ends_it() {
    if !can_attach() {
        return;
    }
    let [mut first, mut second] = [sleeper(), sleeper()];
    let pids = format!("{},{}", first.id(), second.id());
    let mut engine = Process::start("epshim", &mut epshim(&["check", "--pid", &pids]));
    engine.next_line_of_stderr(epshim_harness::deadline()).unwrap();
    for process in [&mut first, &mut second] {
        process.signal(libc::SIGKILL);
        process.wait();
    }
    let (status, _, lines) = engine.finish(epshim_harness::deadline()).unwrap();
    assert!(status.success(), "{lines:?}");
    assert_eq!(lines.iter().filter(|line| line.contains("0 findings in")).count(), 2, "{lines:?}");
}

#[test]
fn who_has_not_the_right_is_told_which_one_and_what_works_without() {
    if !is_privileged() || !can_attach() || !is_installed("setpriv") {
        return;
    }
    let process = sleeper();
    let mut command = Command::new("setpriv");
    command
        .args(["--bounding-set", "-all", "--inh-caps", "-all"])
        .arg(env!("CARGO_BIN_EXE_epshim"));
    command.args(["check", "--pid", &process.id().to_string(), "--for", "1s"]);
    let Answer { code, err, .. } = Answer::from(command.output().unwrap());
    assert_eq!(code, 125, "{err}");
    assert!(err.contains("needs CAP_BPF and CAP_PERFMON: run this as root"), "{err}");
    assert!(err.contains("`epshim inspect` works without"), "{err}");
}

#[test]
fn what_has_no_meaning_with_it_is_refused() {
    for (options, what) in [
        (&["--pid", "1", "--", "true"][..], "cannot be used with"),
        (&["--pid", "1", "--engine", "bpf"], "cannot be used with"),
        (&["--for", "1s", "--", "true"], "--pid"),
        (&["--pid", "0"], "0 is no process id"),
        (&["--pid", "no-such-name-at-all"], "no process, unit or container"),
        (&["--pid", "1", "--for", "soon"], "10s"),
    ] {
        let Answer { code, err, .. } = answer(&[&["check"], options].concat());
        assert_eq!(code, 125, "{options:?}: {err}");
        assert!(err.contains(what), "{options:?}: {err}");
    }
}

/// Ids are those of the machine in the stream, and those of the container here.
#[test]
fn in_a_pid_namespace_of_its_own_it_says_so() {
    if !is_privileged() || !can_attach() || !is_installed("unshare") {
        return;
    }
    for arguments in [&["--pid", "1"][..], &["--engine", "bpf", "--", "true"]] {
        let mut command = Command::new("unshare");
        command.args(["--pid", "--fork", "--mount-proc", env!("CARGO_BIN_EXE_epshim"), "check"]);
        let Answer { code, err, .. } = Answer::from(command.args(arguments).output().unwrap());
        assert_eq!(code, 125, "{err}");
        assert!(err.contains("those of a container here"), "{err}");
        assert!(err.contains("`epshim inspect` works without"), "{err}");
    }
}
