//! Programs of a page, each of which was once accused of what it does not do.

use crate::checked::{Checked, Ended};
use epshim_harness::c_compiler::compile;

/// Runs the C program of this name, which does what it is for, and of which nothing is said.
fn runs(name: &str) -> Ended {
    let source = format!("tests/silence/{name}.c");
    let product = format!("small_{name}");
    let program = compile(env!("CARGO_MANIFEST_DIR"), &[&source], &product, &[]);
    let ended = Checked::start(name, &[program.to_str().unwrap()]).ends_with(0);
    ended.is_silent();
    ended
}

#[test]
fn a_reader_at_its_own_pace_is_silent() {
    runs("paced");
}

#[test]
fn a_file_under_the_number_of_a_client_that_has_left_is_silent() {
    runs("reopened");
}

#[test]
fn workers_whose_numbers_are_used_again_at_once_are_silent() {
    let ended = runs("workers");
    // The first event of a connection often comes to a worker before its ADD has returned.
    assert_eq!(ended.not_seen("unknown_deliveries"), 0, "{}", ended.said);
    assert_eq!(ended.not_followed(), [""; 0], "{}", ended.said);
}

#[test]
fn threads_that_have_left_their_loops_are_silent() {
    runs("left");
}
