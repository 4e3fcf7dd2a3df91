//! Programs that are short of memory, of mappings, of processes or of descriptors. What they do they do
//! without the library; with it they do the same, and the checker says that it has given up, or goes on.

use epshim_harness::c_compiler::compile;
use epshim_harness::preload::{Mode, library};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::LazyLock;

/// Compiled once, and the library built once.
static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    compile(env!("CARGO_MANIFEST_DIR"), &["tests/behaviour/short.c"], "short_of", &[])
});
static LIBRARY: LazyLock<PathBuf> = LazyLock::new(library);

/// The program, short of something, in a mode.
fn short_of(what: &str, left: &str, mode: Mode) -> Command {
    let mut command = Command::new(&*PROGRAM);
    mode.set(&mut command, &LIBRARY);
    command.args([what, left]);
    command
}

fn output(mut command: Command) -> Output {
    command.output().expect("the program starts")
}

/// What the program did, as it is seen from outside.
fn seen(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether the checker gave up for want of memory: then it says so, once, and in the end, which is there.
fn has_given_up(errors: &str) -> bool {
    let said = errors.matches("the checker failed, and is off: memory is out").count();
    let at_end = errors.matches("the checker failed and was switched off").count();
    // Memory may run out behind the end.
    assert!(at_end <= said && said <= 1, "{errors}");
    assert_eq!(errors.matches("not seen: ").count(), 1, "{errors}");
    said == 1
}

#[test]
fn a_program_that_is_short_of_memory_does_what_it_does_without_the_checker() {
    let mut given_up = 0;
    for (what, left) in [
        ("address-space", "0"),
        ("address-space", "64"),
        ("address-space", "300"),
        ("address-space", "1000"),
        ("address-space", "4000"),
        ("mappings", "0"),
        ("mappings", "1"),
        ("mappings", "2"),
        ("mappings", "5"),
        ("mappings", "20"),
        ("data", "0"),
        ("data", "2000"),
    ] {
        let plain = output(short_of(what, left, Mode::Plain));
        assert_eq!(plain.status.code(), Some(7), "{what} {left}: {plain:?}");
        let checked = output(short_of(what, left, Mode::Checking));
        let errors = String::from_utf8_lossy(&checked.stderr);
        assert_eq!(seen(&checked), seen(&plain), "{what} {left}: {:?} {errors}", checked.status);
        given_up += u32::from(has_given_up(&errors));
    }
    // Without this the program would not be short of anything that the checker wants.
    assert!(given_up >= 4, "it gave up {given_up} times");
}

#[test]
fn where_there_are_no_more_processes_or_descriptors_the_program_is_as_without_the_checker() {
    for (what, left) in [("processes", "0"), ("descriptors", "3"), ("descriptors", "0")] {
        let plain = output(short_of(what, left, Mode::Plain));
        assert_eq!(plain.status.code(), Some(7), "{what} {left}: {plain:?}");
        let checked = output(short_of(what, left, Mode::Checking));
        let errors = String::from_utf8_lossy(&checked.stderr);
        assert_eq!(seen(&checked), seen(&plain), "{what} {left}: {:?} {errors}", checked.status);
        assert!(!has_given_up(&errors), "{what} {left}: {errors}");
    }
}

/// The kernel gives no memory from the N-th request on, for every N until the checker needs no more.
#[test]
fn whichever_request_for_memory_is_refused_the_program_is_the_same() {
    let plain = seen(&output(short_of("nothing", "0", Mode::Plain)));
    let mut given_up = 0;
    for request in 1.. {
        let mut command = short_of("nothing", "0", Mode::Checking);
        command.env("EPSHIM_OPTIONS", format!("mode=check:fail_alloc_after={request}"));
        let checked = output(command);
        let errors = String::from_utf8_lossy(&checked.stderr);
        assert_eq!(seen(&checked), plain, "request {request}: {:?} {errors}", checked.status);
        if errors.contains("memory is out: the program is not checked") {
            assert_eq!(errors.lines().count(), 1, "request {request}: {errors}");
        } else if has_given_up(&errors) {
            given_up += 1;
        } else {
            break;
        }
        assert!(request < 10_000, "it never has enough");
    }
    eprintln!("it gave up in {given_up} runs");
    assert!(given_up > 10, "it gave up in {given_up} runs only");
}
