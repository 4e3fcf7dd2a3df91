//! A million random calls, with threads, fork, vfork and signals: every result, errno and delivery is
//! the same without the library, with it, with it checking, and with chaos that makes no
//! fault. See `differential/world.h`.

use epshim_harness::c_compiler::compile;
use epshim_harness::preload::{MODES, Mode, command};
use epshim_harness::process::run;
use std::path::PathBuf;
use std::time::SystemTime;

/// As many again are made by threads.
const CALLS: usize = 1_000_000;

fn program() -> PathBuf {
    let parts = [
        "main",
        "world",
        "epoll_calls",
        "poll_calls",
        "input_calls",
        "output_calls",
        "message_calls",
    ];
    let parts = parts.into_iter().chain(["descriptor_calls", "process_calls"]);
    let sources: Vec<String> = parts.map(|part| format!("tests/differential/{part}.c")).collect();
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    compile(env!("CARGO_MANIFEST_DIR"), &sources, "differential", &[])
}

/// The lines that the program wrote, those of each world in its order.
fn lines(mode: Mode, arguments: &[&str]) -> Vec<String> {
    let output = run(command(program(), mode).args(arguments)).stdout;
    let text = String::from_utf8(output).expect("the program writes ASCII");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort_by_key(|line| line.split(' ').next().unwrap().to_owned());
    lines
}

/// The first pair of lines that differ.
fn first_difference<'a>(left: &'a [String], right: &'a [String]) -> Option<[&'a str; 2]> {
    let length = left.len().max(right.len());
    let at = (0..length).find(|&i| left.get(i) != right.get(i))?;
    Some([left, right].map(|lines| lines.get(at).map_or("nothing", String::as_str)))
}

/// Compares the digests of blocks of calls, and then the calls of the first block that differs.
fn compare(seed: &str, calls: usize) {
    let count = calls.to_string();
    let expected = lines(Mode::Plain, &[seed, &count]);
    assert!(expected.len() >= 2 * (calls / 1024) - 8, "only {} blocks", expected.len());
    for mode in MODES.into_iter().chain([Mode::Chaos]) {
        let got = lines(mode, &[seed, &count]);
        let Some([block, _]) = first_difference(&expected, &got) else { continue };
        let mut words = block.split(' ');
        let world = words.next().unwrap();
        let number = words.next().expect("a block has a number");
        let arguments = [seed, &count, world, number];
        let expected = lines(Mode::Plain, &arguments);
        let got = lines(mode, &arguments);
        let calls = first_difference(&expected, &got);
        panic!("seed {seed}, {mode:?}: block {number} of {world}: first differing call {calls:#?}");
    }
}

#[test]
fn a_million_calls_have_the_same_results() {
    compare("1", CALLS);
}

#[test]
fn so_have_calls_that_were_never_made_before() {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    compare(&now.as_nanos().to_string(), CALLS / 8);
}
