//! What survives: a search of polite seeds and one of rough ones break nothing, and chaos did nothing that is not
//! legal.

use crate::{number, search, text, turn};
use epshim_harness::cargo;
use epshim_harness::tools::is_installed;

/// Seeds of each, at each level.
const SAMPLE: u64 = 4;

/// As many seeds as the environment says, or this sample.
pub fn seeds(sample: u64) -> u64 {
    number("EPSHIM_CHAOS_SEEDS").unwrap_or(sample)
}

/// It survives, and a fault was made. Prints a line of what was made at each level.
pub fn survives(name: &str, words: &[&str], program: &[&str]) {
    let _turn = turn();
    for level in ["polite", "rough"] {
        let code = survives_at(name, level, seeds(SAMPLE), words, program);
        assert_eq!(code, 0, "{name}, {level}: no fault could be made");
    }
}

/// It survives at this level. Returns the exit code: 0, or 4 where no fault could be made.
pub fn survives_at(name: &str, level: &str, seeds: u64, words: &[&str], program: &[&str]) -> i32 {
    let runs = seeds.to_string();
    let options = ["--seed", "1", "--runs", &runs, "--level", level];
    let words = [&options[..], words].concat();
    let outcome = search(&format!("{name}-{level}"), &words, program);
    assert!([0, 4].contains(&outcome.code), "{name}, {level}: {}", outcome.err);
    let summary = outcome.line("chaos-summary");
    assert_eq!(summary["illegal"], 0, "{name}, {level}: {}", outcome.err);
    let made = summary["faults_by_kind"].as_object().expect("an object").values();
    let faults: u64 = made.filter_map(serde_json::Value::as_u64).sum();
    let (reached, seen) = (&summary["sites_reached"], &summary["sites_seen"]);
    println!("{name}, {level}: {seeds} seeds, {faults} faults, at {reached} of {seen} call sites");
    outcome.code
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
