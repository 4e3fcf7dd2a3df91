//! The forms of a profile: JSON as docs/json.md says it, the trace for Perfetto, recordings, comparisons.

use crate::clients;
use crate::command::{answer, json, watching};
use crate::runs::{Run, server};
use crate::schema::Schema;
use epshim_harness::process::Process;
use epshim_harness::products::folder;
use epshim_harness::{deadline, wait_for};
use serde_json::Value;
use std::collections::HashMap;
use std::fs;
use std::path::Path;

const SAMPLE: &str = include_str!("../../../profile/tests/sample.json");

#[test]
fn the_json_is_as_it_is_documented() {
    let schema = Schema::read();
    assert_eq!(schema.refuse(&json(SAMPLE)), Ok(()));
    let mut run = Run::of_way("sleep", 2, &["--check"]);
    clients::echo(run.address(), 2, 60, 100);
    let path = run.json.clone();
    let ended = run.finish();
    let text = fs::read_to_string(path).expect("a file");
    assert_eq!(schema.refuse(&json(&text)), Ok(()));
    assert!(!ended.profile.slow_turns.is_empty());
}

#[test]
fn findings_of_the_rules_are_in_the_profile_and_in_the_report() {
    let mut run = Run::of_way("spin", 1, &["--check"]);
    clients::echo(run.address(), 1, 200, 10);
    let ended = run.finish();
    assert!(ended.errors.contains("findings in"), "{}", ended.errors);
    let found = ended.errors.matches("SUMMARY").count();
    assert!(ended.profile.findings.len() >= found, "{:?}", ended.profile.findings);
}

/// Spans of a track lie within each other, or apart: what Perfetto and Chrome can show.
#[test]
fn spans_of_the_trace_nest() {
    let place = folder("profile-trace");
    let (trace, profile) = (place.join("trace.json"), place.join("profile.json"));
    let mut command = watching(&["profile", "--trace"]);
    command.arg(&trace).arg("--json").arg(&profile).arg("--").arg(server()).args(["sleep", "4"]);
    let mut process = Process::start("trace", &mut command);
    clients::echo(process.listening_address().expect("it listens"), 4, 60, 100);
    process.finish(deadline()).expect("it ends");
    let whole = wait_for("the trace", || {
        serde_json::from_str::<Value>(&fs::read_to_string(&trace).ok()?).ok()
    });
    let names = nested(&whole);
    assert!(names["slow turn"] > 0 && names["turn"] > 0, "{names:?}");
    assert!(names.keys().any(|name| name.starts_with("read (serve")), "{names:?}");
}

/// How often each name of a span is there, and that they nest.
fn nested(trace: &Value) -> HashMap<String, usize> {
    let mut tracks: HashMap<(i64, i64), Vec<(f64, f64)>> = HashMap::new();
    let mut names = HashMap::new();
    for event in trace["traceEvents"].as_array().expect("events") {
        if event["ph"] == "X" {
            let number = |name: &str| event[name].as_i64().expect("a number");
            let (begin, length) = (event["ts"].as_f64(), event["dur"].as_f64());
            let begin = begin.expect("a time");
            let end = begin + length.expect("a length");
            tracks.entry((number("pid"), number("tid"))).or_default().push((begin, end));
            *names.entry(event["name"].as_str().expect("a name").to_owned()).or_default() += 1;
        }
    }
    for spans in tracks.values_mut() {
        spans.sort_by(|one, two| one.0.total_cmp(&two.0).then(two.1.total_cmp(&one.1)));
        let mut open: Vec<(f64, f64)> = Vec::new();
        // A nanosecond is lost where a time in microseconds is a float.
        const ROUNDED: f64 = 0.002;
        for &(begin, end) in spans.iter() {
            while open.last().is_some_and(|last| last.1 <= begin + ROUNDED) {
                open.pop();
            }
            let outer = open.last().copied().unwrap_or((begin, end));
            assert!(end <= outer.1 + ROUNDED, "{begin}..{end} is not within {outer:?}");
            open.push((begin, end));
        }
    }
    names
}

#[test]
fn a_recording_has_the_profile_that_the_program_had() {
    let place = folder("profile-recording");
    let (trace, out) = (place.join("server.trace"), place.join("profile.json"));
    let mut command = watching(&["check", "--quiet", "--record"]);
    command.arg(&trace).arg("--").arg(server()).args(["sleep", "4"]);
    let mut process = Process::start("recording", &mut command);
    let measured = clients::echo(process.listening_address().expect("it listens"), 4, 60, 100);
    process.finish(deadline()).expect("it ends");
    let name = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    let answered = answer(&["profile", "--check", "--json", &name(&out), &name(&trace)]);
    assert_eq!((answered.code, &*answered.err), (0, ""));
    assert!(answered.out.contains("VERDICT: blocked"), "{}", answered.out);
    let profile = crate::runs::read(&out).expect("a profile");
    assert_eq!(profile.figures.bytes_in.whole(), Some(measured.bytes));
    assert_eq!(profile.program.recording.as_deref(), trace.to_str());
    assert!(profile.sites.iter().any(|row| row.name.starts_with("serve ways.c:")));
}

#[test]
fn peers_are_numbers_where_a_profile_is_shown_to_others() {
    let mut run = Run::of_way("hang", 1, &["--redact-peers"]);
    let address = run.address();
    std::thread::spawn(move || clients::echo(address, 1, 20, 10));
    let line = run.process.next_line(deadline()).expect("a line");
    assert_eq!(line.as_deref(), Some("hangs"));
    // It is asked about twice a second: by the time that the hanging is said it was.
    run.process.next_line_of_stderr(deadline()).expect("a line");
    run.process.signal(libc::SIGTERM);
    let json = run.json.clone();
    let ended = run.finish();
    let peers: Vec<_> =
        ended.profile.descriptors.iter().filter_map(|row| row.peer.clone()).collect();
    assert_eq!(peers, ["peer 1"]);
    let text = fs::read_to_string(json).expect("a file");
    assert!(!text.contains("127.0.0.1"), "an address is in it");
}

#[test]
fn two_profiles_are_compared_in_words() {
    let place = folder("profile-diff");
    let (good, bad) = (place.join("good.json"), place.join("bad.json"));
    fs::write(&bad, SAMPLE).expect("a file");
    let mut profile: epshim_profile::Profile = serde_json::from_str(SAMPLE).expect("a profile");
    profile.verdicts.retain(|one| one.name != epshim_profile::VerdictName::Blocked);
    profile.figures.turn_max.value = Some(epshim_profile::Value::Whole(20_000_000));
    profile.figures.slow_turns.value = Some(epshim_profile::Value::Whole(0));
    fs::write(&good, serde_json::to_string(&profile).expect("JSON")).expect("a file");
    let name = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    let worse = answer(&["profile", "diff", &name(&good), &name(&bad)]);
    assert_eq!((worse.code, &*worse.err), (1, ""));
    assert!(worse.out.contains("worse   the longest turn: 412 ms, was 20 ms"), "{}", worse.out);
    assert!(worse.out.contains("worse   a new verdict: blocked"), "{}", worse.out);
    let better = answer(&["profile", "diff", &name(&bad), &name(&good)]);
    assert_eq!(better.code, 0);
    assert!(better.out.contains("better  slow turns a minute: 0.00, was"), "{}", better.out);
    let same = answer(&["profile", "diff", &name(&bad), &name(&bad)]);
    assert_eq!(same.code, 0);
    assert!(same.out.ends_with("nothing became better or worse\n"), "{}", same.out);
    // In both, records were lost.
    assert_eq!(same.out.matches("note    41 records were lost").count(), 2);
    let none = answer(&["profile", "diff", &name(&bad), "/dev/null"]);
    assert_eq!((none.code, &*none.out), (2, ""));
    assert!(none.err.contains("this is no profile"), "{}", none.err);
}
