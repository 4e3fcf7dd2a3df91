//! Programs that hang, are ended by signals, fork, execute or leave at once: nothing is lost in silence.

use crate::clients;
use crate::command::watching;
use crate::runs::{Run, read};
use epshim_harness::c_compiler::compile;
use epshim_harness::products::folder;
use epshim_harness::{deadline, wait_for};
use epshim_profile::{Ending, VerdictName};
use std::process::Command;

/// The program of the tests of recordings.
fn ways() -> std::path::PathBuf {
    compile(
        env!("CARGO_MANIFEST_DIR"),
        &["tests/record/ways.c"],
        "profile-recorded-ways",
        &["-pthread"],
    )
}

#[test]
fn a_program_that_hangs_is_named_while_it_does_and_in_the_profile() {
    // SIGINT may be ignored, as a shell has it for what runs in the background.
    for signal in [libc::SIGTERM, libc::SIGKILL] {
        let mut run = Run::of_way("hang", 1, &[]);
        let address = run.address();
        // Its twentieth message is never answered.
        std::thread::spawn(move || clients::echo(address, 1, 20, 10));
        let line = run.process.next_line(deadline()).expect("a line");
        assert_eq!(line.as_deref(), Some("hangs"));
        let said = run.process.next_line_of_stderr(deadline()).expect("a line").expect("a line");
        assert!(said.contains(" is in a turn since 5."), "{said}");
        run.process.signal(signal);
        let ended = run.finish();
        let text = ended.is(VerdictName::Hanging);
        assert!(text.contains("was in a turn since") && text.contains("read"), "{text}");
        let process = &ended.profile.processes[0];
        assert_eq!((process.ending, process.signal), (Ending::Signal, Some(signal)));
        let worst = &ended.profile.slow_turns[0];
        assert!(worst.is_open && worst.length > 5_000_000_000, "{}", worst.length);
        // What it sleeps in was seen.
        let stack = &worst.stacks[0];
        assert!(["pause", "ppoll", "rt_sigsuspend"].contains(&&*stack.call), "{stack:?}");
        let functions: Vec<_> =
            stack.places.iter().filter_map(|it| it.function.as_deref()).collect();
        assert!(functions.contains(&"serve"), "{functions:?}");
    }
}

#[test]
fn ways_to_end_change_nothing_and_each_read_is_counted_or_said_to_be_lost() {
    for way in ["once", "threads", "generations", "fork", "vfork", "exec", "many", "killed"] {
        let plain = Command::new(ways()).arg(way).output().expect("it runs");
        let json = folder(&format!("profile-ways-{way}")).join("profile.json");
        let _ = std::fs::remove_file(&json);
        let mut command = watching(&["profile", "--trace-children", "--json"]);
        let profiled = command.arg(&json).arg("--").arg(ways()).arg(way).output().expect("it runs");
        assert_eq!(profiled.status, plain.status, "{way}");
        let [out, plain] = [&profiled.stdout, &plain.stdout].map(|it| String::from_utf8_lossy(it));
        assert_eq!(out, plain, "{way}");
        let numbers = out.lines().filter_map(|line| line.strip_prefix("reads "));
        let reads: u64 = numbers.filter_map(|number| number.parse::<u64>().ok()).sum();
        // It cannot say it any more.
        let reads = if way == "killed" { 100 } else { reads };
        let profile = wait_for("the profile", || read(&json));
        let of_sites = profile.sites.iter().filter(|row| row.call == "read");
        let found: u64 = of_sites.map(|row| row.calls).sum();
        let lost = profile.drops.records;
        assert!(found <= reads && found + lost >= reads, "{way}: {found} + {lost} of {reads}");
        // `output` reads to the end of standard error, which the observer holds until it has said all.
        let errors = String::from_utf8_lossy(&profiled.stderr);
        assert_eq!(lost > 0, errors.contains("LOST"), "{way}: {errors}");
    }
}

#[test]
fn a_program_that_ends_by_itself_leaves_its_profile_before_it_has() {
    let json = folder("profile-before").join("profile.json");
    let _ = std::fs::remove_file(&json);
    let mut command = watching(&["profile", "--json"]);
    let output = command.arg(&json).arg("--").arg(ways()).arg("once").output().expect("it runs");
    assert_eq!(output.status.code(), Some(7));
    assert!(read(&json).is_some(), "it is there at once");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("epshim profile of") && errors.contains("VERDICT"), "{errors}");
}
