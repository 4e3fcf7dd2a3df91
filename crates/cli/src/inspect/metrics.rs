//! `--openmetrics`: gauges for a node exporter's textfile collector, by the names of processes.
//!
//! The format is OpenMetrics 1.0, written so that readers of Prometheus's older text format take it too: to them the
//! last line, `# EOF`, and the units are comments.

use super::inspection::{self, Inspection};
use crate::inspect::words::shown;
use epshim_attach::gather::Epollers;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What the processes of one name have together.
#[derive(Debug, Default)]
struct Sums {
    processes: usize,
    epolls: usize,
    registrations: usize,
    waiters: usize,
    oldest_unread_ms: u32,
    /// By rule and certainty.
    findings: BTreeMap<(&'static str, &'static str), usize>,
}

/// A gauge: its name, its unit, what it is, and its value.
type Gauge = (&'static str, &'static str, &'static str, fn(&Sums) -> f64);

const GAUGES: [Gauge; 5] = [
    ("epshim_processes", "", "Processes that have an epoll.", |sums| sums.processes as f64),
    ("epshim_epolls", "", "Epolls of these processes.", |sums| sums.epolls as f64),
    ("epshim_registrations", "", "What is registered with their epolls.", |sums| {
        sums.registrations as f64
    }),
    ("epshim_waiters", "", "Threads that wait on one of their epolls.", |sums| sums.waiters as f64),
    (
        "epshim_oldest_unread_seconds",
        "seconds",
        "For how long the oldest data in a registered socket have been unread.",
        |sums| f64::from(sums.oldest_unread_ms) / 1000.0,
    ),
];

/// The whole text.
pub fn text(found: &[Epollers], inspections: &[Inspection], refused: usize) -> String {
    let sums = sums(found, inspections);
    let mut text = String::new();
    for (name, unit, help, value) in GAUGES {
        heading(&mut text, name, unit, help);
        for (process, sums) in &sums {
            let _ = writeln!(text, "{name}{{name=\"{}\"}} {}", label(process), value(sums));
        }
    }
    let name = "epshim_findings";
    heading(&mut text, name, "", "What is wrong with their loops, by rule; notes are left out.");
    for (process, sums) in &sums {
        for ((rule, certainty), count) in &sums.findings {
            let labels =
                format!("name=\"{}\",rule=\"{rule}\",certainty=\"{certainty}\"", label(process));
            let _ = writeln!(text, "{name}{{{labels}}} {count}");
        }
    }
    let name = "epshim_refused_processes";
    heading(&mut text, name, "", "Processes of other users, which may not be looked at.");
    let _ = writeln!(text, "{name} {refused}\n# EOF");
    text
}

fn heading(text: &mut String, name: &str, unit: &str, help: &str) {
    let _ = writeln!(text, "# TYPE {name} gauge");
    if !unit.is_empty() {
        let _ = writeln!(text, "# UNIT {name} {unit}");
    }
    let _ = writeln!(text, "# HELP {name} {help}");
}

fn sums<'a>(found: &'a [Epollers], inspections: &[Inspection]) -> BTreeMap<&'a str, Sums> {
    let mut all = BTreeMap::<_, Sums>::new();
    for one in found {
        let sums = all.entry(&*one.name).or_default();
        sums.processes += 1;
        sums.epolls += one.epolls.len();
        let Some(inspection) = inspection::of(inspections, one.pid) else { continue };
        sums.registrations += inspection.now.registrations();
        sums.waiters += inspection.now.waiters().unwrap_or(0);
        let unread = inspection.now.oldest_unread_ms().unwrap_or(0);
        sums.oldest_unread_ms = sums.oldest_unread_ms.max(unread);
        for verdict in inspection.verdicts.iter().filter(|verdict| verdict.is_finding()) {
            *sums.findings.entry((verdict.rule, verdict.certainty.name())).or_default() += 1;
        }
    }
    all
}

/// The value of a label: three characters are escaped. A name with what a terminal obeys is written out before that.
fn label(text: &str) -> String {
    shown(text).replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
