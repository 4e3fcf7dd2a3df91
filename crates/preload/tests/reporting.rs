//! What is reported, where, and what the program's end is then, as the options say; and that nothing
//! in between hangs: forks beside a thread that reports, forks in handlers, handlers that jump away.

#[path = "reporting/places.rs"]
mod places;

use epshim_harness::c_compiler::compile;
use epshim_harness::preload::{Mode, command};
use epshim_harness::process::run;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The exit code of `mistakes.c`.
const ITS_OWN: i32 = 5;

fn mistakes(options: &str, arguments: &[&str]) -> Command {
    // Once: a program that is replaced while it runs has another name, with "(deleted)" in it.
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let compile =
        || compile(env!("CARGO_MANIFEST_DIR"), &["tests/reporting/mistakes.c"], "mistakes", &[]);
    let mut command = command(PROGRAM.get_or_init(compile), Mode::Checking);
    command.env("EPSHIM_OPTIONS", options).args(arguments);
    command
}

#[track_caller]
fn ends(command: &mut Command, code: i32) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let errors = String::from_utf8_lossy(&stderr).into_owned();
    assert_eq!(status.code(), Some(code), "{command:?}: {status}\n{errors}");
    assert!(stdout.is_empty());
    errors
}

#[track_caller]
fn counts(text: &str, what: &str, times: usize) {
    assert_eq!(text.matches(what).count(), times, "{what} in:\n{text}");
}

/// A path of this test's own, where nothing is.
fn nothing_at(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("reporting-{name}"));
    let _ = fs::remove_file(&path);
    path
}

#[test]
fn the_exit_code_is_the_program_s_unless_another_is_asked_for() {
    for (options, code) in [
        ("mode=check", ITS_OWN),
        ("mode=check:exitcode=7", 7),
        ("mode=check:halt_on_error=1", 1),
        ("mode=check:halt_on_error=1:exitcode=9", 9),
        ("mode=check:exitcode=7:except=ctl-error", ITS_OWN),
        ("mode=check:exitcode=7:halt_on_error=1:only=ghost", ITS_OWN),
    ] {
        let errors = ends(&mut mistakes(options, &[]), code);
        let found = usize::from(!options.contains("except") && !options.contains("only"));
        // The end repeats it.
        counts(&errors, "SUMMARY: epshim: ctl-error", 2 * found);
        counts(&errors, &format!("epshim: {found} finding"), 1);
        counts(&errors, "not seen: ", 1);
    }
}

#[test]
fn what_is_suppressed_is_counted_and_is_no_finding() {
    let path = nothing_at("suppressions");
    fs::write(&path, "ctl-error:mistakes\nnonsense\n").unwrap();
    let options = format!("mode=check:exitcode=7:suppressions={}", path.display());
    let errors = ends(&mut mistakes(&options, &[]), ITS_OWN);
    counts(&errors, "SUMMARY", 0);
    counts(&errors, "suppressed by ctl-error:mistakes: 1 finding", 1);
    counts(&errors, "epshim: suppressions: ", 1);
    fs::remove_file(&path).unwrap();
    let errors = ends(&mut mistakes(&options, &[]), 7);
    counts(&errors, "epshim: suppressions: cannot read", 1);
}

#[test]
fn suppressions_may_come_as_text_beside_a_file() {
    let path = nothing_at("suppressions-beside");
    fs::write(&path, "ghost:*\n").unwrap();
    let file = format!("suppressions={}", path.display());
    for options in [
        "suppress=\"ghost:*\nctl-error:mistakes\"",
        &format!("suppress=\"ctl-error:mistakes\nnonsense\":{file}"),
    ] {
        let options = format!("mode=check:exitcode=7:{options}");
        let errors = ends(&mut mistakes(&options, &[]), ITS_OWN);
        counts(&errors, "SUMMARY", 0);
        counts(&errors, "suppressed by ctl-error:mistakes: 1 finding", 1);
        counts(&errors, "nonsense", usize::from(options.contains("nonsense")));
    }
}

/// What has no end is not read, and nothing is waited for.
#[test]
fn suppressions_that_are_no_file_of_a_sane_size_are_said_and_have_no_effect() {
    let [pipe, large, wrong] = ["fifo", "large", "wrong"].map(nothing_at);
    run(Command::new("mkfifo").arg(&pipe));
    fs::write(&large, format!("ctl-error:*\n#{}\n", " ".repeat(1 << 20))).unwrap();
    fs::write(&wrong, "nonsense\n".repeat(1000)).unwrap();
    for (path, words, lines) in [
        (pipe.as_path(), "it is no regular file", 1),
        (Path::new("/dev/zero"), "it is no regular file", 1),
        (Path::new("/dev/fd/9"), "cannot read /dev/fd/9", 1),
        (&large, "it is longer than 1024 KiB", 1),
        (&wrong, "more lines are wrong", 9),
    ] {
        let options = format!("mode=check:exitcode=7:suppressions={}", path.display());
        let errors = ends(&mut mistakes(&options, &[]), 7);
        counts(&errors, "epshim: suppressions: ", lines);
        counts(&errors, words, 1);
        counts(&errors, "SUMMARY: epshim: ctl-error", 2);
    }
}

#[test]
fn a_report_that_cannot_go_where_it_is_asked_to_goes_to_standard_error() {
    let errors = ends(&mut mistakes("mode=check:log_path=/nonexistent/log", &[]), ITS_OWN);
    counts(&errors, "cannot be written where log_path says", 2);
    counts(&errors, "SUMMARY: epshim: ctl-error", 2);
    let log = nothing_at("log");
    let options = format!("mode=check:log_path={}", log.display());
    assert_eq!(ends(&mut mistakes(&options, &[]), ITS_OWN), "");
    counts(&fs::read_to_string(log).unwrap(), "SUMMARY: epshim: ctl-error", 2);
    // The end names the file of the findings, which a test runner may have kept from the terminal.
    let (log, json) = (nothing_at("log"), nothing_at("%p.json"));
    let options = format!("mode=check:log_path={}:json={}", log.display(), json.display());
    ends(&mut mistakes(&options, &[]), ITS_OWN);
    let report = fs::read_to_string(log).unwrap();
    let (_, path) = report.split_once("as JSON: ").unwrap();
    let written = fs::read_to_string(path.lines().next().unwrap()).unwrap();
    counts(&written, "\"kind\":\"summary\"", 1);
}

#[test]
fn without_callers_and_without_names_a_call_site_is_still_said() {
    let options = "mode=check:stack_depth=0:symbolizer=/nonexistent/epshim";
    let errors = ends(&mut mistakes(options, &[]), ITS_OWN);
    counts(&errors, "#0 (", 2);
    counts(&errors, "#1 (", 0);
    counts(&errors, "(/nonexistent/epshim", 1);
    counts(&errors, "no such file", 1);
    let errors = ends(&mut mistakes("mode=check:symbolize=0", &[]), ITS_OWN);
    assert!(!errors.contains("names of"), "{errors}");
}

#[test]
fn help_and_complaints_are_said_whatever_the_mode() {
    let errors = ends(&mut mistakes("help=1", &[]), ITS_OWN);
    counts(&errors, "EPSHIM_OPTIONS=key=value", 1);
    counts(&errors, "halt_on_error=0|1", 1);
    let errors = ends(&mut mistakes("mod=check", &[]), ITS_OWN);
    counts(&errors, "did you mean `mode`?", 1);
    assert_eq!(errors.lines().count(), 1);
    assert_eq!(ends(&mut mistakes("mode=transparent", &[]), ITS_OWN), "");
}

#[test]
fn nothing_is_written_into_what_took_the_place_of_standard_error() {
    let path = nothing_at("data");
    // The program checks that its file stays empty.
    let arguments = ["data", path.to_str().unwrap()];
    assert_eq!(ends(&mut mistakes("mode=check", &arguments), ITS_OWN), "");
    assert_eq!(fs::read(&path).unwrap(), b"");
}

#[test]
fn standard_error_that_nobody_reads_ends_no_program() {
    ends(&mut mistakes("mode=check", &["pipe"]), ITS_OWN);
    ends(&mut mistakes("mode=check:panic_after=4", &["pipe"]), ITS_OWN);
}

/// However busy the parent is with reports of its own at the moment of a fork.
#[test]
fn every_child_reports_its_own() {
    let errors = ends(&mut mistakes("mode=check", &["forks"]), ITS_OWN);
    assert!(!errors.contains("the checker failed"), "{errors}");
    // 60 children, of which each has made one mistake, and the parent.
    counts(&errors, "not seen: ", 61);
    counts(&errors, "epshim: 1 finding in 1 wait, 1 registration", 60);
}

#[test]
fn a_handler_may_fork_at_any_time() {
    let errors = ends(&mut mistakes("mode=check", &["handler"]), ITS_OWN);
    assert!(!errors.contains("the checker failed"), "{errors}");
    assert!(errors.contains("SUMMARY: epshim: ctl-error"), "{errors}");
}

/// It may leave the book-keeping half done, which ends the checking; that is said, and no thread waits
/// for what does not come.
#[test]
fn a_handler_that_jumps_away_costs_the_checking_at_most() {
    for _ in 0..5 {
        let errors = ends(&mut mistakes("mode=check", &["jumps"]), ITS_OWN);
        let has_failed = errors.contains("epshim: the checker failed, and is off");
        counts(&errors, "not seen: ", 1);
        counts(&errors, "the checker failed and was switched off", usize::from(has_failed));
        assert!(has_failed || errors.contains("SUMMARY: epshim: ctl-error"), "{errors}");
    }
}

/// Ten ways to wait, each in a thread of its own, for two seconds: poll, select, their other names, and
/// both by number.
#[test]
fn a_thread_that_waits_for_room_in_poll_or_select_has_not_forgotten_its_write() {
    let package = env!("CARGO_MANIFEST_DIR");
    let program = compile(package, &["tests/reporting/room.c"], "room", &[]);
    for (waits_for, lost) in [("room", 0), ("input", 10), ("another", 10)] {
        let errors = ends(command(&program, Mode::Checking).arg(waits_for), 0);
        counts(&errors, "WARNING: epshim: lost-write", lost);
    }
}

/// A library's constructor runs under the loader's lock: a thread that waits for it waits for the loop there.
#[test]
fn a_connection_that_the_program_gave_up_or_the_peer_reset_has_no_last_word() {
    let package = env!("CARGO_MANIFEST_DIR");
    let program = compile(package, &["tests/reporting/hangups.c"], "hangups", &[]);
    let mut command = command(&program, Mode::Checking);
    let errors = ends(&mut command, 0);
    counts(&errors, "WARNING: epshim: hangup-unread", 1);
    counts(&errors, "hangup-unread: 1 finding, seen 1 time", 1);
}

#[test]
fn what_a_library_s_constructor_does_is_reported_while_it_does() {
    let package = env!("CARGO_MANIFEST_DIR");
    let flags = ["-shared", "-fPIC"];
    let library = compile(package, &["tests/reporting/plugin.c"], "plugin.so", &flags);
    let program = compile(package, &["tests/reporting/loads.c"], "loads", &[]);
    let log = nothing_at("plugin");
    for how in ["returns", "exits"] {
        let mut command = command(&program, Mode::Checking);
        command.env("EPSHIM_OPTIONS", format!("mode=check:log_path={}", log.display()));
        // The constructor waits for the finding to be written.
        command.arg(&library).env("PLUGIN_LOG", &log).env("PLUGIN_ENDS", how);
        ends(&mut command, ITS_OWN);
        let report = fs::read_to_string(&log).unwrap();
        counts(&report, "WARNING: epshim: ctl-error", 1);
        counts(&report, "epshim: 1 finding", 1);
        assert!(report.contains("plugin.so+0x"), "{report}");
        fs::remove_file(&log).unwrap();
    }
}

/// The program ends where its malloc is entered meanwhile: the lock may be the handler's own thread's.
#[test]
#[cfg(target_env = "gnu")] // whose functions are called behind its own malloc
fn nothing_enters_malloc_while_a_handler_that_interrupted_it_runs() {
    let sources = ["tests/reporting/in_malloc.c"];
    let program = compile(env!("CARGO_MANIFEST_DIR"), &sources, "in_malloc", &["-Wno-pedantic"]);
    for mode in [Mode::Plain, Mode::Transparent] {
        ends(&mut command(&program, mode), ITS_OWN);
    }
    let log = nothing_at("in-malloc");
    let mut command = command(&program, Mode::Checking);
    command.env("EPSHIM_OPTIONS", format!("mode=check:log_path={}", log.display()));
    ends(command.arg(&log), ITS_OWN);
    let report = fs::read_to_string(&log).unwrap();
    counts(&report, "WARNING: epshim: ctl-error", 1);
    assert!(!report.contains("the checker failed"), "{report}");
}

#[test]
fn a_checker_that_fails_in_its_own_thread_says_so_and_the_program_lives_on() {
    let errors = ends(&mut mistakes("mode=check:panic_in_monitor=1", &["waits"]), ITS_OWN);
    counts(&errors, "epshim: the checker failed, and is off", 1);
    counts(&errors, "the checker failed and was switched off", 1);
}

#[test]
fn a_thread_that_outlives_the_first_one_is_seen_as_well() {
    let sources = ["tests/reporting/first_thread.c"];
    let program = compile(env!("CARGO_MANIFEST_DIR"), &sources, "first_thread", &[]);
    for arguments in [&[][..], &["ends"]] {
        let mut command = command(&program, Mode::Checking);
        let options = "mode=check:symbolize=0:stack_depth=8";
        let errors = ends(command.env("EPSHIM_OPTIONS", options).args(arguments), 0);
        counts(&errors, "WARNING: epshim: ctl-error (epfd 3, fd 1000) [fact]", 1);
        counts(&errors, "ERROR: epshim: ghost (epfd 3, fd 4) [certain]", 1);
        // The module of each place is known, and who called the thread's function.
        let places = errors.lines().filter(|line| line.contains("  #"));
        let (inner, outer): (Vec<_>, Vec<_>) = places.partition(|line| line.contains("#0 "));
        assert!(inner.iter().all(|line| line.contains("first_thread+0x")), "{errors}");
        assert!(outer.len() >= 4, "{errors}");
    }
}
