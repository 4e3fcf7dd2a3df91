//! A recording has the program's own lines: a replay says the same of them as the live report.

use crate::command::{answer, json};
use crate::findings::{STREAMS, TWO_OF_EACH};
use crate::{QUICK, check_with, known};
use epshim_harness::products::folder;
use serde_json::{Value, json};

/// What is said of a finding's places. The line of the source is read where the program is.
fn places(finding: &Value) -> Value {
    let mut said = json!({});
    for field in ["rule", "certainty", "fd", "blame", "suppression", "sites"] {
        said[field] = finding[field].clone();
    }
    let without_source = |frame: &mut Value| frame.as_object_mut().map(|one| one.remove("source"));
    without_source(&mut said["blame"]);
    let sites = said["sites"].as_array_mut().expect("sites").iter_mut();
    for frame in sites.flat_map(|site| site["frames"].as_array_mut().expect("frames")) {
        without_source(frame);
    }
    said
}

#[test]
fn a_replay_has_the_lines_and_what_a_descriptor_belongs_to() {
    let Some(python) = known().last() else { return };
    for (name, text) in [("two-recorded", TWO_OF_EACH), ("streams-recorded", STREAMS)] {
        let trace = folder(name).join("trace");
        let options = ["--record", trace.to_str().expect("UTF-8")];
        let live = check_with(&python, name, text, QUICK, &options, |_| {});
        let replayed = answer(&["replay", "--json", trace.to_str().expect("UTF-8")]);
        let replayed: Vec<Value> = replayed.out.lines().map(json).collect();
        let replayed: Vec<Value> = replayed.iter().map(places).collect();
        let live_places: Vec<Value> = live.findings.iter().map(places).collect();
        assert!(!live_places.is_empty(), "{}", live.report);
        assert_eq!(replayed, live_places, "{}", live.report);
    }
}
