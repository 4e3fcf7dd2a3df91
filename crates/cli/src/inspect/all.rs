//! `--all`: every process that has an epoll, a line each, and what is wrong with it behind that; or as JSON, or as
//! gauges.

use super::inspection::{self, Inspection};
use super::words::shown;
use super::{json, metrics};
use crate::args::InspectOptions;
use crate::output::{BOLD, Output};
use epshim_attach::gather::{self, Epollers, Round};
use epshim_attach::look::Look;
use epshim_report::counted;
use std::fmt::Write as _;

/// Looks at the whole machine.
pub fn answer(options: &InspectOptions) -> Result<Output, String> {
    let (found, refused) =
        gather::with_epolls().map_err(|error| format!("/proc cannot be read: {error}"))?;
    let pids: Vec<i32> = found.iter().map(|one| one.pid).collect();
    let (inspections, _) = inspection::inspect(&pids, options, || Round::of_all(&found));
    let is_found = inspections.iter().any(Inspection::has_findings);
    if options.openmetrics {
        // That something was found is in the gauges: whoever writes the file need not fail.
        return Ok(Output::text(metrics::text(&found, &inspections, refused), true));
    }
    if options.json {
        return Ok(Output::text(inspections.iter().map(json::line).collect(), !is_found));
    }
    let mut text = format!(
        "{BOLD}{:>8}  {:<16} {:>6} {:>13} {:>7}  found{BOLD:#}\n",
        "process", "name", "epolls", "registrations", "waiters"
    );
    for one in &found {
        row(&mut text, one, inspection::of(&inspections, one.pid));
    }
    if refused > 0 {
        let _ = writeln!(
            text,
            "{} of other users may not be looked at: run this as root, or with CAP_SYS_PTRACE",
            counted(refused as u64, "process", "processes")
        );
    }
    Ok(Output::text(text, !is_found))
}

fn row(text: &mut String, one: &Epollers, its: Option<&Inspection>) {
    let verdicts = its.map_or(&[][..], |inspection| &inspection.verdicts);
    let mut found: Vec<String> = Vec::new();
    for verdict in verdicts.iter().filter(|verdict| verdict.is_finding()) {
        let words = format!("{} [{}]", verdict.rule, verdict.certainty);
        if !found.contains(&words) {
            found.push(words);
        }
    }
    let look = its.map(|inspection| &inspection.now);
    let number = |number: Option<usize>| number.map_or("?".to_owned(), |number| number.to_string());
    let registrations = number(look.map(Look::registrations));
    let waiters = number(look.and_then(Look::waiters));
    let _ = writeln!(
        text,
        "{:>8}  {:<16} {:>6} {registrations:>13} {waiters:>7}  {}",
        one.pid,
        shown(&one.name),
        one.epolls.len(),
        found.join(", ")
    );
}
