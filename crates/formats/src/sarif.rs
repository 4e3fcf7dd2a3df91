//! SARIF 2.1.0 (OASIS), which code scanning services and editors read.
//!
//! Every result has a location: GitHub refuses a file in which one has none. A finding whose sources are not
//! known is located in the program's own file.
//!
//! Surprising: the fingerprint has no line number. A finding is the same one after lines were added above it.

use crate::paths::uri;
use crate::run::{Run, message, place};
use epshim_report::read::{Finding, Frame, Site};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The document.
#[must_use]
pub fn document(run: &Run) -> String {
    let rules: BTreeMap<&str, &Finding> =
        run.findings.iter().rev().map(|finding| (finding.rule.as_str(), finding)).collect();
    let invocation = json!({
        "executionSuccessful": run.has_ended(),
        "commandLine": run.command.join(" "),
        "arguments": run.command.get(1..).unwrap_or_default(),
    });
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "epshim",
                "version": run.version,
                "rules": rules.values().map(|finding| rule(finding)).collect::<Vec<_>>(),
            }},
            "invocations": [invocation],
            "columnKind": "unicodeCodePoints",
            "results": run.findings.iter().map(|finding| result(run, finding)).collect::<Vec<_>>(),
        }],
    });
    format!("{document:#}\n")
}

fn rule(finding: &Finding) -> Value {
    json!({
        "id": finding.rule,
        "shortDescription": {"text": format!("epoll: {}", finding.rule)},
        "help": {"text": format!("{}; epshim explain {}", finding.manual, finding.rule)},
    })
}

fn result(run: &Run, finding: &Finding) -> Value {
    let related = finding.sites.iter().skip(1).filter_map(|site| related(run, site));
    let level = match finding.certainty.as_str() {
        "certain" => "error",
        "note" => "note",
        _ => "warning",
    };
    json!({
        "ruleId": finding.rule,
        "level": level,
        "message": {"text": message(finding)},
        "locations": [location(run, finding)],
        "relatedLocations": related.collect::<Vec<_>>(),
        "stacks": finding.sites.iter().filter_map(|site| stack(run, site)).collect::<Vec<_>>(),
        "partialFingerprints": {"epshimFinding/v1": fingerprint(run, finding)},
        "properties": {
            "certainty": finding.certainty,
            "pid": finding.pid,
            "tid": finding.tid,
            "epfd": finding.epfd,
            "fd": finding.fd,
            "suppression": finding.suppression,
        },
    })
}

fn location(run: &Run, finding: &Finding) -> Value {
    match place(finding).and_then(|frame| in_source(run, frame)) {
        Some(location) => location,
        None => {
            let modules = finding.blame.iter().filter_map(|frame| frame.module.as_deref());
            let program = run.command.first().map_or("unknown", String::as_str);
            let file = modules.chain([program]).next().unwrap_or(program);
            json!({"physicalLocation": {"artifactLocation": {"uri": uri(file, &run.root)}}})
        }
    }
}

/// The location of a frame that has a source.
fn in_source(run: &Run, frame: &Frame) -> Option<Value> {
    let file = frame.file.as_deref()?;
    let mut physical = json!({"artifactLocation": {"uri": uri(file, &run.root)}});
    if let Some(line) = frame.line {
        physical["region"] = json!({"startLine": line});
        if let Some(source) = &frame.source {
            physical["contextRegion"] = json!({"startLine": line, "snippet": {"text": source}});
        }
    }
    let mut location = json!({"physicalLocation": physical});
    if let Some(function) = &frame.function {
        location["logicalLocations"] = json!([{"name": function, "kind": "function"}]);
    }
    Some(location)
}

fn related(run: &Run, site: &Site) -> Option<Value> {
    let mut location = in_source(run, site.frames.iter().find(|frame| frame.file.is_some())?)?;
    location["message"] = json!({"text": site.role});
    Some(location)
}

fn stack(run: &Run, site: &Site) -> Option<Value> {
    let frames = site.frames.iter().map(|frame| {
        let mut location = in_source(run, frame).unwrap_or_else(|| json!({}));
        let name = frame.function.as_deref().unwrap_or("??");
        location["message"] = json!({"text": name});
        json!({"location": location, "module": frame.module.as_deref().unwrap_or("")})
    });
    let frames: Vec<_> = frames.collect();
    (!frames.is_empty()).then(|| json!({"message": {"text": site.role}, "frames": frames}))
}

/// What a finding is known by in the next run: the rule, the function and its file.
fn fingerprint(run: &Run, finding: &Finding) -> String {
    let blame = finding.blame.clone().unwrap_or_default();
    let file = blame.file.as_deref().map(|file| uri(file, &run.root));
    let module = || blame.module.as_deref().and_then(|module| module.rsplit('/').next());
    let place = file.as_deref().or_else(module).unwrap_or("");
    format!("{}:{place}:{}", finding.rule, blame.function.as_deref().unwrap_or(""))
}
