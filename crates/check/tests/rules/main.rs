//! Every rule on traces written by hand: what it must find, and where it must stay silent.

mod accepting;
mod between;
mod closing;
mod crowds;
mod edges;
mod errors;
mod one_shots;
mod processes;
mod spins;
mod structures;
mod unseen;
mod writing;

use epshim_check::replay::replay;

/// What a trace comes to: `rule certainty fd`, one for each finding.
fn found(trace: &str) -> Vec<String> {
    let findings = replay(trace).unwrap_or_else(|error| panic!("{error}"));
    let line = |one: &epshim_check::Finding| format!("{} {} {}", one.rule, one.certainty, one.fd);
    findings.iter().map(line).collect()
}

/// The same line so many times, every so many milliseconds from a time on.
fn repeat(times: u32, from: u32, every: u32, lines: &str) -> String {
    (0..times).map(|n| lines.replace("NOW", &format!("{}ms", from + n * every))).collect()
}

const NOTHING: [&str; 0] = [];
