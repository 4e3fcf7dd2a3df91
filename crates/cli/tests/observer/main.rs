//! The observer beside a watched program: it writes the end that the program cannot write, holds the files of
//! the report, and the program cannot see that it is there.

#[path = "../command/mod.rs"]
mod command;
mod files;
mod unseen;

use command::{json, watching};
use epshim_harness::c_compiler::{compile, compile_text};
use epshim_harness::deadline;
use epshim_harness::process::Process;
use epshim_harness::products::folder;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::sync::OnceLock;

/// The program.
pub fn program() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let sources = ["tests/observer/ways.c"];
    PROGRAM.get_or_init(|| compile(env!("CARGO_MANIFEST_DIR"), &sources, "observer-ways", &[]))
}

/// A program that no library is loaded into.
pub fn static_program() -> PathBuf {
    let text = "int main(void)\n{\n    return 7;\n}\n";
    compile_text(&folder("observer-static"), "static", text, &["-static"])
}

/// Names of functions take time, which a program that is killed does not give.
const QUICK: &str = "symbolize=0";

/// `epshim check` with these options, of the program with these arguments.
pub fn check(options: &[&str], arguments: &[&str]) -> Command {
    let mut command = watching(&["check", "--quiet"]);
    command.args(options).arg("--").arg(program()).args(arguments).env("EPSHIM_OPTIONS", QUICK);
    command
}

/// How it ended, its output, and what was reported.
pub fn run(command: &mut Command) -> (ExitStatus, String, String) {
    let mut process = Process::start("ways", command);
    let (status, out, errors) = process.finish(deadline()).expect("it ends");
    (status, out.join("\n"), errors.join("\n"))
}

const FOUND: &str = "failed with EBADF";
const END: &str = "not seen: ";

/// Without the checker, with it, and with a status asked for: the signal's status stays the signal's, and the
/// end is there once.
#[test]
fn what_a_signal_ends_has_an_end_with_the_signal_in_it() {
    for (way, signal, name) in [
        ("kill", 9, "SIGKILL"),
        ("term", 15, "SIGTERM"),
        ("abort", 6, "SIGABRT"),
        ("crash", 11, "SIGSEGV"),
    ] {
        let (plain, ..) = run(Command::new(program()).arg(way));
        for options in [&[][..], &["--error-exitcode", "9"], &["--trace-children"]] {
            let (status, _, errors) = run(&mut check(options, &[way]));
            assert_eq!(status, plain, "{way}: {errors}");
            assert_eq!(status.signal(), Some(signal), "{way}: {errors}");
            assert_eq!(errors.matches(FOUND).count(), 1, "{way}: {errors}");
            assert_eq!(errors.matches(END).count(), 1, "{way}: {errors}");
            assert!(errors.contains("1 finding in 1 wait"), "{way}: {errors}");
            assert_eq!(errors.matches(&format!("  died by {name}")).count(), 1, "{errors}");
        }
    }
}

/// As cat(1), sleep(1) and their like do in an atexit(3) handler.
#[test]
fn a_program_that_closes_standard_error_before_it_ends_has_an_end() {
    let mut command = watching(&["check", "--quiet", "--", "sh", "-c", "exec 2>&-; exit 3"]);
    let (status, _, errors) = run(&mut command);
    assert_eq!(status.code(), Some(3), "{errors}");
    assert_eq!(errors.matches(END).count(), 1, "{errors}");
}

/// It can write nothing from the sandbox; what it knows is in the page.
#[test]
fn what_ends_in_a_sandbox_without_write_has_an_end() {
    let (plain, ..) = run(Command::new(program()).arg("sandbox"));
    assert_eq!(plain.code(), Some(5));
    for (options, code) in [(&[][..], 5), (&["--error-exitcode", "9"], 9)] {
        let (status, _, errors) = run(&mut check(options, &["sandbox"]));
        assert_eq!(status.code(), Some(code), "{errors}");
        assert!(errors.contains("1 finding in 1 wait"), "{errors}");
        assert!(errors.contains(&format!("  ended with exit status {code}")), "{errors}");
        assert_eq!(
            errors.matches("in a sandbox (seccomp): the program entered it").count(),
            1,
            "{errors}"
        );
    }
}

#[test]
fn a_program_that_is_ended_at_its_first_finding_has_one_end() {
    let (status, _, errors) = run(&mut check(&["--halt-on-error"], &["return"]));
    assert_eq!(status.code(), Some(1), "{errors}");
    assert_eq!(errors.matches(END).count(), 1, "{errors}");
}

#[test]
fn what_was_pending_is_counted_and_not_verified() {
    let (_, _, errors) = run(&mut check(&[], &["pending"]));
    assert!(errors.contains("  1 suspicion was pending: counted and not verified"), "{errors}");
}

#[test]
fn the_thread_that_leaves_alone_leaves_an_end() {
    let (plain, ..) = run(Command::new(program()).arg("SYS_exit"));
    let (status, _, errors) = run(&mut check(&["--error-exitcode", "9"], &["SYS_exit"]));
    assert_eq!(status.code(), plain.code(), "{errors}");
    assert!(errors.contains("  ended with exit status 5"), "{errors}");
    assert_eq!(errors.matches(END).count(), 1, "{errors}");
}

/// The ways in which libc lets a program execute another one.
const EXECS: [&str; 7] = ["execv", "execvp", "execl", "execlp", "execle", "fexecve", "execveat"];

#[test]
fn a_watched_program_that_is_executed_writes_the_end_of_the_first() {
    let program = program().to_str().unwrap();
    for way in EXECS {
        let (status, _, errors) = run(&mut check(&["--error-exitcode", "9"], &[way, program]));
        assert_eq!(status.code(), Some(9), "{way}: {errors}");
        assert_eq!(errors.matches(FOUND).count(), 2, "{way}: {errors}");
        assert_eq!(errors.matches(END).count(), 2, "{way}: {errors}");
        let executed = "executed another program, which is watched";
        assert_eq!(errors.matches(executed).count(), 1, "{way}: {errors}");
    }
}

#[test]
fn a_program_that_is_executed_and_not_watched_is_named_with_its_status() {
    let program = static_program();
    for way in EXECS {
        let command = &mut check(&["--error-exitcode", "9"], &[way, program.to_str().unwrap()]);
        let (status, _, errors) = run(command);
        assert_eq!(status.code(), Some(7), "{way}: {errors}");
        assert_eq!(errors.matches(END).count(), 1, "{way}: {errors}");
        let ended = "which is not watched; that ended with exit status 7";
        assert!(errors.contains(ended), "{way}: {errors}");
    }
}

#[test]
fn an_exec_that_fails_is_no_end() {
    for way in EXECS.iter().chain(&["execve", "vfork", "bad"]) {
        let (_, out, _) = run(Command::new(program()).arg(way));
        let (status, checked, errors) = run(&mut check(&["--error-exitcode", "9"], &[way]));
        assert_eq!((status.code(), &checked), (Some(9), &out), "{way}: {errors}");
        assert_eq!(errors.matches(END).count(), 1, "{way}: {errors}");
        assert!(!errors.contains("executed"), "{way}: {errors}");
    }
}

#[test]
fn programs_that_were_started_and_not_watched_are_counted() {
    // system(3) starts a shell, which executes the other one.
    for (way, number) in [
        ("vfork", "not watched: 1 program that it started; --trace-children watches it"),
        ("spawn", "not watched: 1 program that it started; --trace-children watches it"),
        ("system", "not watched: 2 programs that it started; --trace-children watches them"),
    ] {
        let (_, _, errors) = run(&mut check(&[], &[way, "/bin/true"]));
        assert_eq!(errors.matches(number).count(), 1, "{way}: {errors}");
        assert_eq!(errors.matches(END).count(), 1, "{way}: {errors}");
    }
}

/// More than there are slots, which the marks of static programs take: the observer frees them.
#[test]
fn no_program_that_says_nothing_is_counted_twice_or_forgotten() {
    let program = static_program();
    let script = format!("i=0; while [ $i -lt 300 ]; do {}; i=$((i + 1)); done", program.display());
    let mut command = watching(&["check", "--quiet", "--", "sh", "-c", &script]);
    let (_, _, errors) = run(&mut command);
    assert!(errors.contains("not watched: 300 programs"), "{errors}");
}

/// `sh run.sh`: each of its programs, in one sum with one status.
#[test]
fn the_status_and_the_sum_are_those_of_all_processes_with_trace_children() {
    let folder = folder("observer-script");
    let script = folder.join("run.sh");
    let program = program().display();
    std::fs::write(&script, format!("{program} _exit\n{program} exit\n/bin/true\n")).unwrap();
    let of = |options: &[&str]| {
        let mut command = watching(&["check", "--quiet", "--error-exitcode", "9"]);
        command.args(options).args(["--", "sh"]).arg(&script).env("EPSHIM_OPTIONS", QUICK);
        run(&mut command)
    };
    let (status, _, errors) = of(&[]);
    assert_eq!(status.code(), Some(0), "{errors}");
    assert!(errors.contains("not watched: 3 programs that it started"), "{errors}");
    assert_eq!(errors.lines().filter(|line| line.contains("--trace-children")).count(), 1);
    let (status, _, errors) = of(&["--trace-children"]);
    assert_eq!(status.code(), Some(9), "{errors}");
    assert_eq!(errors.matches("TOTAL: 2 findings in 2 processes").count(), 1, "{errors}");
    assert!(!errors.contains("not watched"), "{errors}");
    let (status, _, errors) = of(&["--trace-children", "--except", "ctl-error"]);
    assert_eq!(status.code(), Some(0), "{errors}");
}

#[test]
fn each_worker_has_an_end_whatever_ends_it() {
    let (_, plain, _) = run(Command::new(program()).arg("workers"));
    let (status, out, errors) = run(&mut check(&["--error-exitcode", "9"], &["workers"]));
    assert_eq!((status.code(), out), (Some(9), plain), "{errors}");
    assert_eq!(errors.matches(FOUND).count(), 5, "{errors}");
    assert_eq!(errors.matches(END).count(), 5, "{errors}");
}

#[test]
fn a_daemon_s_parent_has_an_end_and_says_that_it_goes_on() {
    let mut command = check(&["--json", "/dev/stderr"], &["daemon"]);
    let (input, output) = std::io::pipe().unwrap();
    let mut process = Process::start_with_input("daemon", &mut command, input.into());
    // The daemon lives on; the observer, which has standard error, does not.
    let (status, _, errors) = process.finish(deadline()).expect("it ends");
    assert_eq!(status.code(), Some(0));
    let errors = errors.join("\n");
    assert!(errors.contains("  ended with exit status 0"), "{errors}");
    assert!(errors.contains("  1 process goes on"), "{errors}");
    let end = json(errors.lines().rfind(|line| line.contains("\"summary\"")).expect("an end"));
    assert_eq!(
        (end["end"]["how"].as_str(), end["others"]["going_on"].as_u64()),
        (Some("status"), Some(1))
    );
    drop(output);
}

/// A failure that no call makes good is asked after by the monitor: a rule that is off asks nothing.
#[test]
fn a_rule_that_is_off_is_not_asked_after() {
    let text = "#include <sys/epoll.h>\n#include <unistd.h>\nint main(void)\n{\n    int ends[2], epfd = epoll_create1(0);\n    \
        struct epoll_event event = {.events = EPOLLIN};\n    pipe(ends);\n    epoll_ctl(epfd, EPOLL_CTL_ADD, ends[0], &event);\n    \
        event.events = EPOLLOUT;\n    epoll_ctl(epfd, EPOLL_CTL_ADD, ends[0], &event);\n    usleep(400000);\n    return 0;\n}\n";
    let program = compile_text(&folder("observer-off"), "off", text, &["-D_GNU_SOURCE"]);
    let found = |options: &[&str]| {
        let mut command = watching(&["check", "--quiet"]);
        command.args(options).arg("--").arg(&program).env("EPSHIM_OPTIONS", QUICK);
        run(&mut command).2
    };
    assert!(found(&[]).contains("failed with EEXIST"));
    let errors = found(&["--except", "ctl-error"]);
    assert!(!errors.contains("failed with") && errors.contains("0 findings"), "{errors}");
}
