//! SARIF: valid by the schema that the crate serde-sarif carries, and read by that crate.

use crate::sample::{PID, finding, run, summary, whole};
use epshim_formats::{Run, sarif};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const SCHEMA: &str = include_str!("../schema/sarif-2.1.0.json");

fn valid(run: &Run) -> Value {
    let document: Value = serde_json::from_str(&sarif::document(run)).expect("JSON");
    let schema = serde_json::from_str(SCHEMA).expect("JSON");
    let validator = jsonschema::draft7::new(&schema).expect("a schema");
    let errors: Vec<_> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new(), "{document:#}");
    document
}

#[test]
fn the_schema_is_the_one_that_was_taken_over() {
    let recorded = include_str!("../schema/sarif-2.1.0.json.sha256");
    let sum: String = Sha256::digest(SCHEMA).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(recorded, format!("{sum}  sarif-2.1.0.json\n"));
    // And it refuses something.
    let schema = serde_json::from_str(SCHEMA).expect("JSON");
    let validator = jsonschema::draft7::new(&schema).expect("a schema");
    assert!(!validator.is_valid(&json!({"version": "2.1.0", "runs": [{"tool": {}}]})));
}

#[test]
fn every_run_is_valid_and_every_result_has_a_location() {
    for run in [run(&[]), run(&[summary(PID)]), whole(), Run::default()] {
        let document = valid(&run);
        let results = document["runs"][0]["results"].as_array().expect("a list");
        assert_eq!(results.len(), run.findings.len());
        for result in results {
            let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
            assert!(uri.as_str().is_some_and(|uri| !uri.is_empty()), "{result:#}");
        }
    }
}

#[test]
fn another_s_library_reads_what_was_written() {
    let text = sarif::document(&whole());
    let read: serde_sarif::sarif::Sarif = serde_json::from_str(&text).expect("SARIF");
    let results = read.runs[0].results.as_ref().expect("results");
    let rules: Vec<_> = results.iter().map(|result| result.rule_id.as_deref().unwrap()).collect();
    assert_eq!(rules, ["level-spin", "ghost", "ctl-error"]);
}

#[test]
fn places_levels_and_the_end_are_as_they_were() {
    let document = valid(&whole());
    let results = &document["runs"][0]["results"];
    let place = |number: usize| &results[number]["locations"][0]["physicalLocation"];
    assert_eq!(
        *place(0),
        json!({"artifactLocation": {"uri": "src/a%20b.c"}, "region": {"startLine": 25}})
    );
    // Without a source it is the program itself.
    assert_eq!(*place(1), json!({"artifactLocation": {"uri": "build/server"}}));
    assert_eq!(place(2)["artifactLocation"]["uri"], "file:///usr/src/lib.c");
    let levels: Vec<_> = (0..3).map(|number| results[number]["level"].as_str().unwrap()).collect();
    assert_eq!(levels, ["error", "warning", "note"]);
    assert_eq!(results[0]["relatedLocations"][0]["message"]["text"], "registered by");
    assert_eq!(document["runs"][0]["invocations"][0]["executionSuccessful"], true);
    // The end of a child is not the run's.
    let cut = valid(&run(&[summary(PID + 1)]));
    assert_eq!(cut["runs"][0]["invocations"][0]["executionSuccessful"], false);
}

#[test]
fn a_finding_is_the_same_after_lines_were_added_above_it() {
    let print = |line| {
        let run = run(&[finding("ghost", "certain", Some("/home/me/x/src/a.c"), line)]);
        valid(&run)["runs"][0]["results"][0]["partialFingerprints"].clone()
    };
    assert_eq!(print(25), print(31));
    assert_eq!(print(25), json!({"epshimFinding/v1": "ghost:src/a.c:on_read"}));
}
