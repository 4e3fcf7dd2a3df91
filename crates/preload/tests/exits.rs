//! Every way out of a program that has made a mistake: it ends as it does without the library, but for
//! the exit code that was asked for, and the end of its report is there, once.

use epshim_harness::c_compiler::compile;
use epshim_harness::preload::{Mode, command};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::sync::OnceLock;

/// The ways out, and how many processes have an end to write.
const WAYS: [(&str, usize); 12] = [
    ("return", 1),
    ("exit", 1),
    ("pthread_exit", 1),
    ("_exit", 1),
    ("_Exit", 1),
    ("quick_exit", 1),
    ("exit_group", 1),
    ("handler", 1),
    ("atexit", 1),
    ("worker", 2),
    ("vfork", 1),
    ("console", 1),
];

/// `options`: `None` for a program without the library.
fn leave(way: &str, options: Option<&str>) -> Output {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let compile = || compile(env!("CARGO_MANIFEST_DIR"), &["tests/exits/exits.c"], "exits", &[]);
    let mode = if options.is_some() { Mode::Checking } else { Mode::Plain };
    let mut command = command(PROGRAM.get_or_init(compile), mode);
    if let Some(options) = options {
        command.env("EPSHIM_OPTIONS", options);
    }
    // A pipe that nothing comes out of.
    let (input, keep_open) = std::io::pipe().expect("a pipe");
    let output = command.arg(way).stdin(Stdio::from(input)).output().expect("it starts");
    drop(keep_open);
    output
}

#[test]
fn every_way_out_ends_with_the_report_and_the_status_that_was_asked_for() {
    for (way, ends) in WAYS {
        let plain = leave(way, None);
        for (options, code) in [
            ("mode=check", plain.status.code()),
            ("mode=check:exitcode=9", Some(9)),
            ("mode=check:exitcode=9:except=ctl-error", plain.status.code()),
        ] {
            let output = leave(way, Some(options));
            let errors = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), code, "{way}, {options}: {errors}");
            assert_eq!(output.stdout, plain.stdout, "{way}, {options}");
            // The end repeats it.
            let found = if options.contains("except") { 0 } else { 2 * ends };
            assert_eq!(
                errors.matches("SUMMARY: epshim: ctl-error").count(),
                found,
                "{way}: {errors}"
            );
            assert_eq!(errors.matches("not seen: ").count(), ends, "{way}, {options}: {errors}");
            assert!(!errors.contains("the checker failed"), "{way}: {errors}");
        }
    }
}

/// Nothing of the library runs then; but what no second call could make good was written before.
#[test]
fn a_signal_s_status_stays_the_signal_s_and_what_was_just_found_is_written() {
    for (way, signal) in [("abort", 6), ("kill", 9), ("crash", 11)] {
        let output = leave(way, Some("mode=check:exitcode=9"));
        assert_eq!(output.status.signal(), Some(signal), "{way}");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(errors.matches("failed with EBADF").count(), 1, "{way}: {errors}");
        assert_eq!(errors.matches("SUMMARY: epshim: ctl-error").count(), 2, "{way}: {errors}");
    }
}
