//! The JSON lines of a search: docs/json.md has the fields.

use super::failure::Broken;
use super::place::Named;
use super::run::Ran;
use super::total::Total;
use crate::output::shown;
use epshim_ledger::Made;
use epshim_observe::fault::Level;
use epshim_report::printable;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;

/// The version of the lines.
const SCHEMA: u32 = 1;

/// Where they go, if anywhere.
#[derive(Default)]
pub struct Lines(Option<File>);

impl Lines {
    /// A new file.
    pub fn create(path: &Path) -> Result<Self, String> {
        let file = File::create(path).map_err(|error| format!("{}: {error}", shown(path)))?;
        Ok(Self(Some(file)))
    }

    fn write(&mut self, line: &Value) {
        let Some(file) = &mut self.0 else { return };
        let line = printable::json(line.to_string()) + "\n";
        // A full disk does not end a search: what it finds is said too.
        let _ = file.write_all(line.as_bytes());
    }

    /// A run is over.
    pub fn run(&mut self, seed: u64, level: Level, ran: &Ran) {
        let findings: Vec<&str> = ran.findings.iter().map(|one| one.rule.as_str()).collect();
        self.write(&json!({
            "schema": SCHEMA,
            "kind": "chaos-run",
            "seed": seed,
            "level": level.name(),
            "verdict": ran.verdict.as_ref().map(super::verdict::Verdict::word),
            "seconds": ran.took.as_secs_f64(),
            "slow": ran.is_slow,
            "faults": ran.faults,
            "findings": findings,
            "illegal": ran.illegal,
        }));
    }

    /// Something broke.
    pub fn failure(&mut self, broken: &Broken, file: &Path) {
        for made in broken.ran.made.iter() {
            self.write(&fault(made, &broken.ran));
        }
        let findings: Vec<&str> = broken.ran.findings.iter().map(|one| one.rule.as_str()).collect();
        let faults: Vec<String> = broken.faults.iter().map(ToString::to_string).collect();
        self.write(&json!({
            "schema": SCHEMA,
            "kind": "chaos-failure",
            "verdict": broken.verdict.word(),
            "what": broken.verdict.to_string(),
            "seed": broken.seed,
            "faults_before": broken.before,
            "faults": faults,
            "replays": broken.replays,
            "replays_failed": broken.replays_failed,
            "shrink_seconds": broken.took.as_secs_f64(),
            "findings": findings,
            "replay_file": file.to_string_lossy(),
        }));
    }

    /// The end of the search.
    pub fn summary(&mut self, total: &Total) {
        let (reached, seen) = total.reached();
        let by_fault: BTreeMap<&str, u64> =
            total.by_fault.iter().map(|(fault, count)| (fault.name(), *count)).collect();
        let refused: BTreeMap<&str, u64> =
            total.by_reason.iter().map(|(reason, count)| (reason.text(), *count)).collect();
        self.write(&json!({
            "schema": SCHEMA,
            "kind": "chaos-summary",
            "runs": total.runs,
            "failed": total.failed,
            "faults_by_kind": by_fault,
            "sites_reached": reached,
            "sites_seen": seen,
            "not_injected": refused,
            "illegal": total.illegal,
        }));
    }
}

fn fault(made: &Made, ran: &Ran) -> Value {
    let named = made.site.and_then(|site| ran.places.get(&site)).map(Named::of);
    json!({
        "schema": SCHEMA,
        "kind": "chaos-fault",
        "name": made.name.to_string(),
        "fault": made.name.fault.name(),
        "process": made.name.process,
        "subject": made.name.subject.word(),
        "number": made.name.number,
        "offset": made.name.offset,
        "asked": made.asked,
        "given": made.gives,
        "errno": made.errno,
        "fd": made.fd,
        "peer": Some(&made.peer).filter(|peer| !peer.is_empty()),
        "site": named.map(|named| named.text()),
        "legal": made.name.fault.row().legal,
    })
}
