//! The twins of the corpus of misuses: each is its own test, and is right but for calls that it takes for ones that
//! cannot fail.

use crate::survives::{searched_at, seeds};
use crate::{text, turn};
use epshim_harness::misuse::{Variant, programs};
use std::thread;

/// Seeds of each, without the environment's word.
const SAMPLE: u64 = 1;

#[test]
fn the_twins_of_the_corpus_survive() {
    let twins: Vec<Variant> = programs().into_iter().filter(Variant::is_right).collect();
    let reached: usize = thread::scope(|scope| {
        let started =
            (1..).zip(&twins).map(|(first, twin)| scope.spawn(move || is_reached(twin, first)));
        let started: Vec<_> = started.collect();
        started.into_iter().map(|one| usize::from(one.join().unwrap())).sum()
    });
    // A seed has some of the kinds, at some of the places: each 16 in a row have them all.
    assert!(reached * 10 > twins.len(), "a fault was made in {reached} of {}", twins.len());
}

/// It survives at the level that has the other's faults too, from this seed on; or it says itself that a call failed
/// which it takes for one that cannot (`MUST`): that is a bug of the program, and all that may break it. Returns whether a
/// fault could be made.
fn is_reached(twin: &Variant, first: u64) -> bool {
    let _turn = turn();
    let path = twin.build("-chaos", &["-O1"]);
    let name = twin.name.replace('/', "-");
    let outcome = searched_at(&name, "rough", (first, seeds(SAMPLE)), &[], &[text(&path)]);
    if outcome.code == 1 {
        let must = |line: &str| line.contains("it wrote: ") && line.contains("/c_tests/misuse/");
        assert_eq!(outcome.line("chaos-failure")["verdict"], "status", "{name}: {}", outcome.err);
        assert!(outcome.err.lines().any(must), "{name}: {}", outcome.err);
    }
    assert!([0, 1, 4].contains(&outcome.code), "{name}: {}", outcome.err);
    outcome.code != 4
}
