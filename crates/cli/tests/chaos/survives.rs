//! What survives: a search of polite seeds and one of rough ones break nothing, and chaos did nothing that is not
//! legal.

use crate::{Outcome, number, search, text, turn};
use epshim_harness::cargo;
use epshim_harness::tools::is_installed;

/// Seeds of each, at each level.
const SAMPLE: u64 = 2;

/// As many seeds as the environment says, or this sample.
pub fn seeds(sample: u64) -> u64 {
    number("EPSHIM_CHAOS_SEEDS").unwrap_or(sample)
}

/// It survives, and faults were made at each level.
pub fn survives(name: &str, words: &[&str], program: &[&str]) {
    let _turn = turn();
    for level in ["polite", "rough"] {
        let is_reached = survives_at(name, level, (1, seeds(SAMPLE)), words, program);
        assert!(is_reached, "{name}, {level}: no fault could be made");
    }
}

/// It survives at this level, with these seeds: the first one, and how many. Returns whether a fault could be made.
pub fn survives_at(
    name: &str,
    level: &str,
    seeds: (u64, u64),
    words: &[&str],
    program: &[&str],
) -> bool {
    let outcome = searched_at(name, level, seeds, words, program);
    assert!([0, 4].contains(&outcome.code), "{name}, {level}: {}", outcome.err);
    outcome.code == 0
}

/// A search at this level, in which nothing was done that is not legal. Prints a line of what was made.
pub fn searched_at(
    name: &str,
    level: &str,
    (first, seeds): (u64, u64),
    words: &[&str],
    program: &[&str],
) -> Outcome {
    let (first, runs) = (first.to_string(), seeds.to_string());
    let options = ["--seed", &first, "--runs", &runs, "--level", level];
    let words = [&options[..], words].concat();
    let outcome = search(&format!("{name}-{level}"), &words, program);
    let summary = outcome.line("chaos-summary");
    assert_eq!(summary["illegal"], 0, "{name}, {level}: {}", outcome.err);
    let made = summary["faults_by_kind"].as_object().expect("an object").values();
    let faults: u64 = made.filter_map(serde_json::Value::as_u64).sum();
    let (reached, seen) = (&summary["sites_reached"], &summary["sites_seen"]);
    println!("{name}, {level}: {seeds} seeds, {faults} faults, at {reached} of {seen} call sites");
    outcome
}

/// It survives with this client, which gets the port, and these words.
pub fn serves(name: &str, client: &[&str], port: Option<u16>, program: &[&str]) {
    if !is_installed("python3") {
        return;
    }
    let folder = cargo::root().join("crates/cli/tests/chaos");
    // `listening on ADDRESS` is the first line of those that pick a port themselves.
    let written = r#"$(sed -n 's/^listening on .*://p' "$EPSHIM_CHAOS_OUTPUT")"#.to_owned();
    let is_said = port.is_none();
    let port = port.map_or(written, |port| port.to_string());
    let words = client[1..].join(" ");
    // -B: what they have in common is not written beside them, compiled.
    let test = format!("python3 -B '{}' {port} {words}", text(&folder.join(client[0])));
    // It registers its listener before it says where that is.
    let ready: &[&str] = if is_said { &["--ready", "listening on "] } else { &[] };
    survives(name, &[&["--test", &test], ready].concat(), program);
}
