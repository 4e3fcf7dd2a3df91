//! The twins of the corpus of misuses: each does its job rightly, and is its own test.

use crate::survives::{seeds, survives_at};
use crate::{text, turn};
use epshim_harness::misuse::{Variant, programs};
use std::thread;

/// Seeds of each, without the environment's word.
const SAMPLE: u64 = 1;

#[test]
fn the_twins_of_the_corpus_survive() {
    let twins: Vec<Variant> = programs().into_iter().filter(Variant::is_right).collect();
    let reached: usize = thread::scope(|scope| {
        let started: Vec<_> = twins.iter().map(|twin| scope.spawn(|| is_reached(twin))).collect();
        started.into_iter().map(|one| usize::from(one.join().unwrap())).sum()
    });
    assert!(reached * 2 > twins.len(), "a fault was made in {reached} of {}", twins.len());
}

/// It survives at each level. Returns whether a fault could be made.
fn is_reached(twin: &Variant) -> bool {
    let _turn = turn();
    let path = twin.build("-chaos", &["-O1"]);
    let name = twin.name.replace('/', "-");
    let at = |level| survives_at(&name, level, seeds(SAMPLE), &[], &[text(&path)]);
    [at("polite"), at("rough")].contains(&0)
}
