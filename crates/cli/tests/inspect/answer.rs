//! What `epshim inspect --json` says of a process.

use crate::command::{ask, epshim, json};
use epshim_harness::LIMIT;
use serde_json::Value;
use std::time::Instant;

/// What was found: rules and certainties, the surest first.
#[derive(Debug)]
pub struct Found {
    pub findings: Vec<(String, String)>,
    pub object: Value,
}

impl Found {
    /// Those that say that something is wrong.
    pub fn certain_or_suspected(&self) -> Vec<&str> {
        let is_grave = |certainty: &str| certainty == "certain" || certainty == "suspected";
        let grave = self.findings.iter().filter(|(_, certainty)| is_grave(certainty));
        grave.map(|(rule, _)| rule.as_str()).collect()
    }

    /// Whether a rule was found with this certainty.
    pub fn has(&self, rule: &str, certainty: &str) -> bool {
        self.findings.iter().any(|(its, how)| (its.as_str(), how.as_str()) == (rule, certainty))
    }
}

/// Looks at a process. `None`: it has ended.
pub fn look(pid: u32, options: &[&str]) -> Option<Found> {
    let answer = ask(epshim(&["inspect", "--json", &pid.to_string()]).args(options));
    if answer.code == 2 {
        let is_gone = ["no such process", "it has ended"].map(|why| answer.err.contains(why));
        assert!(is_gone.contains(&true), "{answer:?}");
        return None;
    }
    assert_eq!(answer.err, "");
    let object = json(&answer.out);
    let text = |value: &Value| value.as_str().expect("a string").to_owned();
    let findings = object["findings"].as_array().expect("a list").iter();
    let findings: Vec<_> =
        findings.map(|one| (text(&one["rule"]), text(&one["certainty"]))).collect();
    let grave = findings.iter().any(|(_, certainty)| certainty != "note");
    assert_eq!(answer.code, i32::from(grave), "{findings:?}");
    Some(Found { findings, object })
}

/// Looks until a rule is named.
pub fn look_until(pid: u32, rule: &str, certainty: &str, options: &[&str]) -> Found {
    let start = Instant::now();
    loop {
        let found = look(pid, options).expect("it is stuck, and does not end");
        if found.has(rule, certainty) {
            return found;
        }
        assert!(
            start.elapsed() < LIMIT,
            "{rule} [{certainty}] was not found: {:?}\n{:#}",
            found.findings,
            found.object
        );
    }
}
