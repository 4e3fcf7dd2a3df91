//! What a program does not notice: each program checks itself, and passes without the library, with
//! it, checking, and when the checker has failed.

use epshim_harness::c_compiler::compile;
use epshim_harness::preload::{MODES, Mode, command, library};
use epshim_harness::process::run;
use std::fs::File;
use std::process::Command;

const PACKAGE: &str = env!("CARGO_MANIFEST_DIR");

/// The program passes in every mode.
fn passes(name: &str) {
    let program = compile(PACKAGE, &[&format!("tests/behaviour/{name}.c")], name, &[]);
    for mode in MODES {
        run(&mut command(&program, mode));
    }
}

/// Has the checker fail at its `call`-th call.
fn failing(program: &str, call: u32) -> Command {
    let path = compile(PACKAGE, &[&format!("tests/behaviour/{program}.c")], program, &[]);
    let mut command = command(path, Mode::Checking);
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
fn what_takes_a_process_of_one_thread_finds_one() {
    passes("namespaces");
}

#[test]
fn the_checker_s_thread_is_not_woken_for_each_wait() {
    passes("undisturbed");
}

#[test]
fn a_storm_of_signals_neither_hangs_nor_loses_an_errno() {
    passes("signals");
}

#[test]
fn a_checker_that_fails_says_so_once_and_the_program_lives_on() {
    for call in [1, 2, 3, 100, 1000, 5000] {
        let output = run(&mut failing("signals", call));
        assert!(output.stdout.is_empty());
        let errors = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<&str> = errors.lines().collect();
        let says_so = |line: &str| line.contains("== epshim: the checker failed, and is off: ");
        assert_eq!(lines.iter().filter(|line| says_so(line)).count(), 1, "{errors}");
        // After that comes the end of the report, which is whole and says so too, and nothing else.
        let at = lines.iter().position(|line| says_so(line)).unwrap();
        assert!(lines[at + 1].contains("== epshim: ") && lines[at + 1].contains(" finding"));
        let end = lines[at + 1..].join(" ");
        assert_eq!(end.matches("the checker failed and was switched off").count(), 1, "{errors}");
        assert!(end.contains("not seen: "), "{errors}");
        // What was reported before is counted.
        let reported = lines[..at].iter().filter(|line| line.contains("SUMMARY")).count();
        assert!(lines[at + 1].contains(&format!("epshim: {reported} finding")), "{errors}");
        assert_eq!(end.matches("SUMMARY").count(), reported, "{errors}");
    }
}

#[test]
fn a_transparent_library_says_nothing() {
    let path = compile(PACKAGE, &["tests/behaviour/signals.c"], "signals", &[]);
    let output = run(&mut command(path, Mode::Transparent));
    assert!(output.stderr.is_empty() && output.stdout.is_empty());
}

/// The program passes in every mode, and the checker finds what it was to find.
fn passes_suspected(how: &str) {
    let path = compile(PACKAGE, &["tests/behaviour/suspected.c"], "suspected", &[]);
    for mode in MODES {
        let output = run(command(&path, mode).arg(how));
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

#[test]
fn a_stack_may_end_in_anything() {
    let source = ["tests/behaviour/coroutines.c"];
    let ways: [(&str, &[&str]); 3] = [
        ("coroutines", &["-O0", "-ldl"]),
        ("coroutines-without-pointers", &["-fomit-frame-pointer", "-ldl"]),
        ("coroutines-without-tables", &["-fno-asynchronous-unwind-tables", "-ldl"]),
    ];
    for (name, flags) in ways {
        let program = compile(PACKAGE, &source, name, flags);
        for mode in MODES {
            run(&mut command(&program, mode));
        }
    }
}

/// What each call takes of a signal's stack, in bytes.
fn depths(mode: Mode) -> Vec<(String, usize)> {
    let program = compile(PACKAGE, &["tests/behaviour/depth.c"], "depth", &[]);
    let output = String::from_utf8(run(&mut command(program, mode)).stdout).unwrap();
    let pair = |line: &str| {
        let (name, bytes) = line.split_once(' ').unwrap();
        (name.to_owned(), bytes.parse().unwrap())
    };
    output.lines().map(pair).collect()
}

/// Of a signal's stack of 8 KiB, the kernel takes 3.5 KiB where there is AVX-512.
#[test]
fn a_stack_of_8_kib_is_enough_for_every_call() {
    const MOST: usize = 4608;
    let (plain, checked) = (depths(Mode::Plain), depths(Mode::Checking));
    for ((name, plain), (_, checked)) in plain.iter().zip(&checked) {
        eprintln!("{name}: {plain} bytes, checked {checked}");
    }
    let deepest = checked.iter().max_by_key(|(_, bytes)| *bytes).unwrap();
    assert!(deepest.1 <= MOST, "{deepest:?}");
}

/// A program's own memory in KiB: at the start, and with 10,000 registrations.
fn own_memory(mode: Mode) -> Option<(f64, f64)> {
    let path = compile(PACKAGE, &["tests/behaviour/memory.c"], "memory", &[]);
    let mut command = command(path, mode);
    let output = command.arg("10000").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    if output.status.code() == Some(77) {
        eprintln!("{text}");
        return None;
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (start, then) = text.trim().split_once(' ').unwrap();
    Some((start.parse().unwrap(), then.parse().unwrap()))
}

#[test]
fn checking_takes_a_mebibyte_and_256_bytes_a_registration_at_most() {
    // Pages of a file that are not on the disk yet count as the process's own (proc_pid_smaps(5)).
    File::open(library()).unwrap().sync_all().unwrap();
    let Some(plain) = own_memory(Mode::Plain) else { return };
    let Some(checked) = own_memory(Mode::Checking) else { return };
    let (start, then) = (checked.0 - plain.0, checked.1 - plain.1);
    let each = (then - start) * 1024.0 / 10_000.0;
    eprintln!("{start} KiB at the start, {each} bytes a registration");
    assert!(start < 1024.0, "{start} KiB at the start");
    assert!(then < 1024.0 + 10_000.0 * 256.0 / 1024.0, "{then} KiB with 10,000 registrations");
}
