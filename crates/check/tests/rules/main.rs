//! Every rule on traces written by hand: what it must find, and where it must stay silent.

mod accepting;
mod between;
mod certainties;
mod closing;
mod connecting;
mod crowds;
mod datagrams;
mod edges;
mod ends;
mod errors;
mod herds;
mod inherited;
mod leaks;
mod one_shots;
mod processes;
mod sharing;
mod signals;
mod spins;
mod stales;
mod stalls;
mod structures;
mod timeouts;
mod unseen;
mod writing;

use epshim_check::replay::replay;

/// What a trace comes to: `rule certainty fd`, one for each finding.
fn found(trace: &str) -> Vec<String> {
    let findings = replay(trace).unwrap_or_else(|error| panic!("{error}"));
    let line = |one: &epshim_check::Finding| {
        assert!(one.rule.certainties().contains(&one.certainty), "{one:?}");
        format!("{} {} {}", one.rule, one.certainty, one.fd)
    };
    findings.iter().map(line).collect()
}

/// The same lines, `times` times: the first at `from`, each further one `every` milliseconds later.
fn repeat(times: u32, from: u32, every: u32, lines: &str) -> String {
    (0..times).map(|n| lines.replace("NOW", &format!("{}ms", from + n * every))).collect()
}

const NOTHING: [&str; 0] = [];
