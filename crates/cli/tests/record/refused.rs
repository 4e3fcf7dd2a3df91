//! What cannot be recorded or replayed is refused, with the reason.

use crate::command::{answer, ask, watching};
use epshim_harness::products::folder;
use std::fs;
use std::process::Command;

/// Writes a file and replays it: the exit code, and what is said.
fn replayed(name: &str, bytes: &[u8]) -> (i32, String) {
    let file = folder("record_refused").join(name);
    fs::write(&file, bytes).unwrap();
    let answer = answer(&["replay", file.to_str().unwrap()]);
    let _ = fs::remove_file(&file);
    (answer.code, answer.err)
}

#[test]
fn what_is_no_trace_is_refused_with_the_reason() {
    let recording = b"epshimTR\x01";
    for (name, bytes, why) in [
        ("empty", &b""[..], "it is empty"),
        ("begin", &recording[..5], "it is cut off"),
        ("only-head", &recording[..], "it is empty"),
        ("version", b"epshimTR\x63", "has version 99; version 1 can be read"),
        ("damaged", b"epshimTR\x01\x02\xff\xff", "the recording is damaged at byte 9"),
        (
            "foreign",
            b"\x7fELF\x02\x01\x01\0\0\0\0\0\n",
            "this is no recording of epshim, and no trace",
        ),
        ("words", b"this is a letter\n", "as text: line 1: "),
        ("line", b"1ms t1 create 3\n1ms t1 crate 4\n", "as text: line 2: "),
    ] {
        let (code, said) = replayed(name, bytes);
        assert_eq!(code, 2, "{name}: {said}");
        assert!(said.contains(why), "{name}: {said}");
    }
    let absent = answer(&["replay", "/no/such/file"]);
    assert_eq!(absent.code, 2);
    assert!(absent.err.contains("No such file"), "{}", absent.err);
}

#[test]
fn a_trace_as_text_is_judged_as_a_recording_is() {
    let trace = "0ms t1 create 3\n0ms t1 add 3 5 IN|ET\n0ms t1 wait 3\n1ms t1 got 5:IN\n\
                 1ms t1 read 5 8/8 @20\n2ms t1 wait 3\n2s end\n";
    let file = folder("record_text").join("trace");
    fs::write(&file, trace).unwrap();
    let found = answer(&["replay", file.to_str().unwrap()]);
    assert_eq!(found.code, 1, "{}", found.err);
    assert!(found.out.contains("edge-not-drained (epfd 3, fd 5)"), "{}", found.out);
    for options in [&["--except", "edge-not-drained"][..], &["--only", "ghost"]] {
        let mut arguments = vec!["replay", file.to_str().unwrap()];
        arguments.extend(options);
        let silent = answer(&arguments);
        assert_eq!(silent.code, 0, "{}", silent.out);
        assert!(silent.out.contains("nothing was found"), "{}", silent.out);
    }
}

#[test]
fn a_recording_that_cannot_be_is_refused_before_the_program_runs() {
    let place = folder("record_nowhere");
    let file = place.join("trace");
    let path = file.to_str().unwrap();
    for (path, settings, why) in [
        ("/no/such/folder/trace", "", "No such file"),
        ("/dev/null", "", "it is no regular file"),
        (place.to_str().unwrap(), "", "directory"),
        (path, "observer=0", "observer=0 asks for none"),
    ] {
        let mut command = watching(&["check", "--record", path, "--", "sh", "-c", "echo ran"]);
        let answer = ask(command.env("EPSHIM_OPTIONS", settings));
        assert_eq!((answer.code, &*answer.out), (125, ""), "{path}: {}", answer.err);
        assert!(answer.err.contains("--record ") && answer.err.contains(why), "{}", answer.err);
    }
    // The memory of the rings is a file too, which this user may not make.
    let check = watching(&["check", "--record", path, "--", "sh", "-c", "echo ran"]);
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -f 1; exec \"$@\"", "sh"]).arg(check.get_program());
    let answer = ask(limited.args(check.get_args()).env_remove("EPSHIM_OPTIONS"));
    assert_eq!((answer.code, &*answer.out), (125, ""), "{}", answer.err);
    assert!(answer.err.contains("File too large"), "{}", answer.err);
    // Another one around it has the observer.
    let inner = watching(&["check", "--record", path, "--", "true"]);
    let mut outer = watching(&["check", "--quiet", "--"]);
    outer.arg(inner.get_program()).args(inner.get_args());
    let answer = ask(&mut outer);
    assert_eq!(answer.code, 125, "{}", answer.err);
    assert!(answer.err.contains("around this one has the observer"), "{}", answer.err);
}
