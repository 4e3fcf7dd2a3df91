//! Every benchmark runs, with tiny slices, and what it writes has the right shape. How fast anything
//! is, is not asserted: what is measured (every byte echoed, every event found) the program asserts
//! itself, and fails.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// All of them, also those that are not installed here.
const ALWAYS: [&str; 11] = [
    "C, libc",
    "C, libc again",
    "C, epshim",
    "C, epshim_reactor",
    "Rust, Reactor",
    "limit: inlined system calls",
    "mio",
    "tokio",
    "nix",
    "rustix",
    "polling",
];
const SCENARIOS: [(&str, u64); 7] = [
    ("one", 1),
    ("many", 64),
    ("thousand", 1000),
    ("pipelined", 64),
    ("streams", 8),
    ("idle10000", 200),
    ("idle18000", 280),
];

/// Runs a benchmark. Returns the JSON, and the folder with the rest.
fn run(name: &str, arguments: &[&str]) -> (Value, PathBuf) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let mut command = Command::new(env!("CARGO_BIN_EXE_epshim-bench"));
    command.args(arguments).arg("--out").arg(&folder);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let json = fs::read_to_string(folder.join("performance.json")).unwrap();
    (serde_json::from_str(&json).unwrap(), folder)
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// A median lies in its interval, and is no less than it can be.
fn check_median(value: &Value) {
    let (low, median, high) =
        (number(&value["low"]), number(&value["value"]), number(&value["high"]));
    assert!(0.0 < low && low <= median && median <= high, "{value}");
}

fn check_outcome(outcome: &Value) {
    ["rate", "ratio", "cpu_per_message", "cpu_ratio"]
        .iter()
        .for_each(|m| check_median(&outcome[m]));
    let [p50, p99, p999] = ["p50", "p99", "p999"].map(|part| number(&outcome[part]));
    assert!(0.0 < p50 && p50 <= p99 && p99 <= p999, "{outcome}");
    let slices = number(&outcome["slices"]);
    assert!(slices >= 1.0 && slices + number(&outcome["thrown_away"]) == 3.0, "{outcome}");
}

#[test]
fn every_benchmark_writes_what_it_measured() {
    let (report, folder) =
        run("all", &["all", "--rounds", "3", "--slice-ms", "1", "--fewer", "100"]);
    let missing: Vec<_> = report["missing"].as_array().unwrap().iter().collect();
    let scenarios = report["servers"].as_array().unwrap();
    assert_eq!(scenarios.len(), SCENARIOS.len());
    for (outcomes, (name, connections)) in scenarios.iter().zip(SCENARIOS) {
        assert_eq!(outcomes["scenario"], name);
        check_servers(outcomes, connections, missing.len());
    }
    for (part, references) in [("micro", 5), ("reactor", 4)] {
        let rows = report[part].as_array().unwrap();
        rows.iter().for_each(|row| check_median(&row["ratio"]));
        let is_one = |row: &&Value| number(&row["ratio"]["low"]) == 1.0;
        let ones = rows.iter().filter(is_one).filter(|row| row["ratio"]["high"] == 1.0);
        assert!(ones.count() >= references, "a reference is 1.000 to itself: {part}");
    }
    let table: Vec<_> = report["table"].as_array().unwrap().iter().collect();
    assert!(table.iter().any(|line| line["descriptors"] == 100));
    for line in table {
        ["select", "poll", "epoll"].iter().for_each(|way| check_median(&line[way]));
    }
    check_files(&folder);
}

fn check_servers(outcomes: &Value, connections: u64, missing: usize) {
    let servers = outcomes["servers"].as_array().unwrap();
    let found = |name: &str| servers.iter().find(|server| server["subject"] == name);
    for name in ALWAYS {
        let server = found(name).unwrap_or_else(|| panic!("{name} in {outcomes}"));
        assert_eq!(server["connections"], connections, "{name}");
        let memory = &server["memory_per_connection"];
        assert_eq!(memory.is_null(), connections < 500, "{name}: {memory}");
    }
    let in_c = ["libuv", "libevent", "libev"].iter().filter(|name| found(name).is_some()).count();
    assert_eq!(in_c + missing, 3);
    servers.iter().for_each(check_outcome);
    for peer in ["mio", "tokio", "nix", "rustix", "polling"] {
        let with_our_buffer = found(&format!("{peer}, 512 KiB")).is_some();
        assert_eq!(with_our_buffer, outcomes["scenario"] == "streams", "{peer}");
    }
    let ours = outcomes["cost_of_idle"].as_array().unwrap().len();
    assert_eq!(ours, if outcomes["idle"] == 0 { 0 } else { 4 });
}

fn check_files(folder: &Path) {
    let text = fs::read_to_string(folder.join("performance.md")).unwrap();
    for name in ALWAYS {
        assert_eq!(text.matches(&format!("\n| {name} |")).count(), SCENARIOS.len() + 1, "{name}");
    }
    for plot in ["performance-servers.svg", "performance-waits.svg"] {
        assert!(text.contains(&format!("({plot})")), "{plot} is shown");
        let svg = fs::read_to_string(folder.join(plot)).unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{plot}");
    }
    let svg = fs::read_to_string(folder.join("performance-servers.svg")).unwrap();
    check_plot(&svg);
}

/// Each panel has its servers in the order of their values, the largest on top, and no grid behind them: the
/// lines are those of the axes and of their labels, and one at 1.00.
fn check_plot(svg: &str) {
    let attribute = |circle: &str, name: &str| -> f64 {
        let value = circle.split_once(&format!(" {name}=\"")).unwrap().1;
        value.split_once('"').unwrap().0.parse().unwrap()
    };
    let circles: Vec<_> = svg.split("<circle").skip(1).collect();
    assert!(circles.len() >= SCENARIOS.len() * ALWAYS.len());
    let mut panels = 1;
    for pair in circles.windows(2) {
        let [below, above] = [pair[0], pair[1]];
        if attribute(above, "cy") < attribute(below, "cy") {
            assert!(attribute(above, "cx") >= attribute(below, "cx"), "{below} {above}");
        } else {
            panels += 1;
        }
    }
    assert_eq!(panels, SCENARIOS.len());
    let lines = svg.matches("<line").count() + svg.matches("<polyline").count();
    // An interval and a label of each server; two axes, a line, and at most 12 labels of the other axis.
    let most = 2 * circles.len() + SCENARIOS.len() * 15;
    assert!(lines <= most, "{lines} lines, {most} are no grid");
}

#[test]
fn several_processes_share_a_port_and_all_connections() {
    let arguments = ["--connections", "600", "--active", "50", "--processes", "3"];
    let measuring = ["--rounds", "3", "--slice-ms", "1"];
    let (report, _) = run("scaling", &[&["scaling"], &arguments[..], &measuring[..]].concat());
    let scaling = &report["scaling"];
    assert_eq!(scaling["connections"], 600);
    let descriptors: Vec<_> = scaling["descriptors"].as_array().unwrap().iter().collect();
    assert_eq!(descriptors.len(), 3);
    // By a hash: 200 each, and hardly less than 120.
    assert!(descriptors.iter().all(|count| number(count) > 120.0), "{descriptors:?}");
    let outcomes = scaling["outcomes"].as_array().unwrap();
    let connections: Vec<_> =
        outcomes.iter().map(|outcome| number(&outcome["connections"])).collect();
    assert_eq!(connections, [50.0, 50.0, 50.0, 600.0]);
    outcomes.iter().for_each(check_outcome);
    check_median(&scaling["cost_of_connections"]);
}

#[test]
fn only_the_servers_that_were_asked_for_are_measured() {
    let asked = ["servers", "--scenario", "many", "--subject", "nix"];
    let measuring = ["--rounds", "3", "--slice-ms", "1", "--peer-buffer", "16"];
    let (report, _) = run("asked", &[&asked[..], &measuring[..]].concat());
    let servers = report["servers"][0]["servers"].as_array().unwrap();
    let names: Vec<_> = servers.iter().map(|server| server["subject"].as_str().unwrap()).collect();
    assert_eq!(names, ["C, libc", "C, libc again", "nix"]);
    assert_eq!(report["micro"].as_array().unwrap().len(), 0);
}
