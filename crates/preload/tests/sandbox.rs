//! Programs in sandboxes (seccomp): they end as without the library, for every call that is refused and every way to refuse it.
//! What the checker finds without the kernel's word it finds there, too.

use epshim_harness::c_compiler::compile;
use epshim_harness::preload::{Mode, library};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::LazyLock;

const PACKAGE: &str = env!("CARGO_MANIFEST_DIR");

/// Compiled once, and the library built once.
static PROGRAMS: LazyLock<[PathBuf; 2]> = LazyLock::new(|| {
    ["sandbox", "short"]
        .map(|name| compile(PACKAGE, &[&format!("tests/behaviour/{name}.c")], name, &["-pthread"]))
});
static LIBRARY: LazyLock<PathBuf> = LazyLock::new(library);

fn sandboxed(mode: Mode, arguments: &[&str]) -> Command {
    let mut command = Command::new(&PROGRAMS[0]);
    mode.set(&mut command, &LIBRARY);
    command.args(arguments);
    command
}

fn output(mut command: Command) -> (Output, String) {
    let output = command.output().expect("the program starts");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, errors)
}

/// The last lines of what was found.
fn summaries(errors: &str) -> BTreeSet<String> {
    let lines = errors.lines().filter(|line| line.contains("SUMMARY: epshim"));
    lines.map(|line| line.split_once("== ").expect("a process").1.to_owned()).collect()
}

/// Runs the program without the library and with it, and returns what the checker said.
fn same(arguments: &[&str]) -> String {
    let (plain, said) = output(sandboxed(Mode::Plain, arguments));
    assert_eq!(plain.status.code(), Some(7), "{arguments:?}: {:?} {said}", plain.status);
    let (checked, errors) = output(sandboxed(Mode::Checking, arguments));
    assert_eq!(checked.status, plain.status, "{arguments:?}: {errors}");
    assert_eq!(checked.stdout, plain.stdout, "{arguments:?}: {errors}");
    let own = |text: &str| text.lines().filter(|&line| line == "own line").count();
    assert_eq!(own(&errors), own(&said), "{arguments:?}: {errors}");
    errors
}

const ENTERS: &str = "the program enters a sandbox (seccomp)";
const ENTERED: &str = "a sandbox (seccomp): the program entered it at";

/// The text without the breaks of its lines.
fn flat(errors: &str) -> String {
    let without =
        |line: &str| line.split_once("== ").map_or("", |(_, rest)| rest).trim().to_owned();
    errors.lines().map(without).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_program_that_enters_a_sandbox_ends_as_it_does_without_the_checker() {
    let outside = summaries(&same(&["none"]));
    assert_eq!(outside.len(), 2, "{outside:?}");
    for how in ["prctl", "seccomp", "tsync", "by-number", "fork"] {
        for what in ["kill", "trap", "errno"] {
            let errors = same(&[how, what]);
            assert_eq!(errors.matches(ENTERS).count(), 1, "{how} {what}: {errors}");
            let ends = if how == "fork" { 2 } else { 1 };
            assert_eq!(errors.matches("not seen: ").count(), ends, "{how} {what}: {errors}");
            assert_eq!(flat(&errors).matches(ENTERED).count(), ends, "{how} {what}: {errors}");
            assert!(summaries(&errors).is_superset(&outside), "{how} {what}: {errors}");
        }
    }
}

/// It does not write to standard error itself, so that writing there may end it.
#[test]
fn what_a_sandboxed_program_does_not_do_the_checker_does_not_do() {
    for arguments in [&["prctl", "kill", "mute"], &["seccomp", "trap", "mute"]] {
        let errors = same(arguments);
        assert!(errors.ends_with('\n') && errors.contains(ENTERS), "{errors}");
        assert!(!errors.contains("not seen: "), "{errors}");
    }
    let errors = same(&["strict"]);
    assert!(errors.contains(ENTERS) && !errors.contains("not seen: "), "{errors}");
}

#[test]
fn where_the_sandbox_is_refused_the_checker_goes_on() {
    let errors = same(&["refused"]);
    assert!(!flat(&errors).contains(ENTERED), "{errors}");
    // Before, between and behind the two that were refused: two each time.
    assert!(errors.contains("epshim: 6 findings in"), "{errors}");
}

/// The program `short`, in a sandbox that refuses these calls.
fn started(action: &str, refused: &[i64], preloaded: bool) -> (Output, String) {
    let numbers: Vec<String> = refused.iter().map(ToString::to_string).collect();
    let mut command = sandboxed(Mode::Plain, &["exec", action, &numbers.join(",")]);
    command.arg(&PROGRAMS[1]).arg("little").env("EPSHIM_OPTIONS", "mode=check");
    command.env("PRELOAD", if preloaded { LIBRARY.clone() } else { PathBuf::new() });
    output(command)
}

#[test]
fn a_sandbox_that_is_there_at_the_start_is_probed_call_by_call() {
    // An architecture's own numbers, and what is said of them.
    let calls: [(&[i64], &str); 15] = [
        (&[libc::SYS_process_vm_readv], "refused: process_vm_readv;"),
        (&[libc::SYS_getpid], "getpid"),
        (&[libc::SYS_gettid], "getpid"),
        (&[libc::SYS_futex], "futex"),
        (&[libc::SYS_fcntl], "fstat"),
        (&[libc::SYS_fstat], "fstat"),
        (&[libc::SYS_ioctl], "fstat"),
        (&[libc::SYS_readlinkat], "fstat"),
        (&[libc::SYS_getsockname], "refused: getsockname, getpeername;"),
        (&[libc::SYS_getpeername], "refused: getsockname, getpeername;"),
        (&[libc::SYS_rt_sigprocmask], "sigprocmask"),
        (&[libc::SYS_close_range, libc::SYS_unshare], "refused: clone;"),
        (&[libc::SYS_kill], "execve"),
        (&[libc::SYS_getpid, libc::SYS_futex, libc::SYS_process_vm_readv], "futex"),
        (&[-2], ""),
    ];
    for (refused, name) in calls {
        for action in ["kill", "trap", "errno", "nosys"] {
            let (plain, _) = started(action, refused, false);
            assert_eq!(plain.status.code(), Some(7), "{action} {refused:?}: {plain:?}");
            let (checked, errors) = started(action, refused, true);
            assert_eq!(checked.status, plain.status, "{action} {refused:?}: {errors}");
            assert_eq!(checked.stdout, plain.stdout, "{action} {refused:?}: {errors}");
            let said = flat(&errors);
            assert_eq!(said.matches("not seen: ").count(), 1, "{action} {refused:?}: {errors}");
            let is_named = "in a sandbox (seccomp): the program was started in it";
            assert_eq!(said.contains(is_named), !name.is_empty(), "{action} {refused:?}: {errors}");
            assert!(said.contains(name), "{action} {refused:?}: {errors}");
            assert_eq!(summaries(&errors).len(), 2, "{action} {refused:?}: {errors}");
            assert!(!errors.contains("==0=="), "{action} {refused:?}: {errors}");
        }
    }
}

#[test]
fn without_memory_or_a_child_to_probe_with_the_program_is_not_checked_and_it_is_said() {
    for (refused, action) in
        [(libc::SYS_madvise, "kill"), (libc::SYS_madvise, "errno"), (libc::SYS_clone, "errno")]
    {
        let (plain, _) = started(action, &[refused], false);
        let (checked, errors) = started(action, &[refused], true);
        assert_eq!((checked.status, &checked.stdout), (plain.status, &plain.stdout), "{errors}");
        assert!(errors.contains("it is not checked") && errors.lines().count() == 1, "{errors}");
    }
}
