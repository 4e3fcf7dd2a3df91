//! `--all --openmetrics`: the Prometheus client's own parsers take it, and its gauges are those of the JSON.

use crate::command::{ask, epshim};
use crate::stuck::{build, start};
use epshim_harness::process::run;
use epshim_harness::products::product;
use epshim_harness::{pypi, tools, wait_for};
use serde_json::Value;
use std::fs;
use std::process::Command;

const PACKAGE: &str = "prometheus-client==0.22.1";

/// Prints each sample: name, labels, value. OpenMetrics is strict, and the older format is what a node exporter reads.
const PARSE: &str = r#"
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as new
from prometheus_client.parser import text_string_to_metric_families as old
text = open(sys.argv[1]).read()
samples = [[[s.name, s.labels, s.value] for family in read(text) for s in family.samples] for read in (new, old)]
assert sorted(map(repr, samples[0])) == sorted(map(repr, samples[1])), samples
assert {family.type for family in new(text)} == {"gauge"}
print(json.dumps(samples[0]))
"#;

#[test]
fn the_prometheus_clients_parser_reads_the_gauges() {
    if !tools::is_installed("python3") {
        return;
    }
    let Some(package) = pypi::package(PACKAGE) else { return };
    let process = start(&build("prom\"q", &[]), "elsewhere");
    let samples = wait_for("a finding in the gauges", || {
        let answer = ask(&mut epshim(&["inspect", "--all", "--openmetrics", "--interval", "0.3"]));
        assert_eq!((answer.code, answer.err.as_str()), (0, ""));
        let file = product("inspect.prom");
        fs::write(&file, &answer.out).unwrap();
        let mut python = Command::new("python3");
        python.args(["-c", PARSE]).arg(&file).env("PYTHONPATH", &package);
        let samples: Value = serde_json::from_slice(&run(&mut python).stdout).expect("JSON");
        let samples = samples.as_array().expect("a list").clone();
        value(&samples, "epshim_findings").is_some().then_some(samples)
    });
    assert_eq!(value(&samples, "epshim_findings"), Some(1.0));
    for (name, least) in [
        ("processes", 1.0),
        ("epolls", 1.0),
        ("registrations", 1.0),
        ("oldest_unread_seconds", 0.2),
    ] {
        let found = value(&samples, &format!("epshim_{name}"));
        assert!(found.is_some_and(|found| found >= least), "{name}: {found:?}");
    }
    assert_eq!(value(&samples, "epshim_waiters"), Some(0.0));
    drop(process);
}

/// The gauge of the stuck program; of findings, that of its rule.
fn value(samples: &[Value], name: &str) -> Option<f64> {
    let is_it = |sample: &&Value| {
        let labels = &sample[1];
        let is_rule = labels["rule"].is_null()
            || (labels["rule"] == "loop-blocked" && labels["certainty"] == "certain");
        sample[0] == name && labels["name"] == "prom\"q" && is_rule
    };
    samples.iter().find(is_it)?[2].as_f64()
}
