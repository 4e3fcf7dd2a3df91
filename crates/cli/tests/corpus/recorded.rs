//! Every program of the corpus, recorded: a replay finds what was found while it ran, at the same places, and says
//! it in the same words.

use crate::command::{epshim, json};
use crate::run::{Outcome, check, each};
use crate::{TRIES, at_a_time, judged, turn};
use epshim_harness::misuse::programs;
use epshim_harness::products::folder;
use serde_json::Value;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a line of JSON says that a recording can say too: what descriptors are open on, and the source, are not
/// in it.
fn comparable(line: &Value, has_names: bool) -> Value {
    let mut line = line.clone();
    leave_out(&mut line, &["time", "descriptors", "source"]);
    if !has_names {
        leave_out(&mut line, &["function", "file", "line", "blame", "suppression"]);
        // What is below main is left out where that is known.
        for site in line["sites"].as_array_mut().expect("a list") {
            site["frames"].as_array_mut().expect("a list").truncate(1);
        }
    }
    line
}

fn leave_out(value: &mut Value, names: &[&str]) {
    match value {
        Value::Object(object) => {
            object.retain(|name, _| !names.contains(&name.as_str()));
            object.values_mut().for_each(|value| leave_out(value, names));
        }
        Value::Array(all) => all.iter_mut().for_each(|value| leave_out(value, names)),
        _ => {}
    }
}

fn findings<'a>(lines: impl Iterator<Item = &'a Value>, has_names: bool) -> Vec<Value> {
    let mut findings: Vec<_> = lines.map(|line| comparable(line, has_names)).collect();
    findings.sort_by_key(Value::to_string);
    findings
}

/// Whether all that was observed is in the recording. A machine that has something else to do may keep the observer
/// from it: that is said, and the program is run again.
fn is_whole(outcome: &Outcome) -> bool {
    !outcome.err.contains("the recording is not whole")
}

/// What a replay says of a recording.
fn replayed(recording: &Path) -> Vec<Value> {
    let output = epshim(&["replay", "--json"]).arg(recording).output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), output.stderr);
    assert!(err.is_empty(), "{}", String::from_utf8_lossy(&err));
    let lines: Vec<_> = out.lines().map(json).collect();
    let has_findings = lines.iter().any(|line| line["certainty"] != "note");
    assert_eq!(output.status.code(), Some(i32::from(has_findings)));
    lines
}

/// Returns how much was found. Whether that is right is for the other tests.
fn judge(outcome: &Outcome, recording: &Path) -> Result<usize, String> {
    // The symbolizer is given up where the machine is too busy for it.
    let is_null = |end: &Value| end["seen"]["not_symbolized"].is_null();
    let has_names = outcome.lines("summary").all(is_null);
    let live = findings(outcome.lines("finding"), has_names);
    let later = findings(replayed(recording).iter(), has_names);
    let is_clean = outcome.code == Some(0) && outcome.out.lines().count() == 2;
    if live == later && is_clean {
        return Ok(live.len());
    }
    Err(format!("live {live:#?}\nreplayed {later:#?}\ncode {:?}", outcome.code))
}

#[test]
fn a_replay_finds_what_was_found_at_the_same_places() {
    let _turn = turn();
    let folder = folder("recorded");
    let all = programs();
    let misuses = all.iter().filter(|program| !program.is_right()).count();
    let with_findings = AtomicUsize::new(0);
    let failures = each(all, at_a_time(), |program| {
        let path = program.build("", &[]);
        let recording = folder.join(program.name.replace('/', "-")).with_extension("trace");
        let run = || check(&path, &["--record", recording.to_str().unwrap()]);
        let run = || (0..TRIES).map(|_| run()).find(is_whole).unwrap_or_else(run);
        let attempt = || {
            judged(&program, run, |outcome| {
                let found = judge(outcome, &recording)?;
                with_findings.fetch_add(usize::from(found > 0), Ordering::Relaxed);
                Ok(())
            })
        };
        // Reads and writes take no lock. What a delivery in another thread finds of one that ends in that moment may not
        // be what their times say, and a count may differ by one: each program must agree in one of three runs.
        let verdict = attempt().or_else(|_| attempt()).or_else(|_| attempt());
        let _ = std::fs::remove_file(&recording);
        verdict.err().map(|why| format!("{}: {why}", program.name))
    });
    let failures: Vec<_> = failures.into_iter().flatten().collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    // On a machine that stands still a few have nothing.
    let with_findings = with_findings.into_inner();
    assert!(with_findings > misuses / 2, "{with_findings} of {misuses}");
}
