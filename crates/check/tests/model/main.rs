//! The model against a naive one: random programs run on a kernel that is as plain as can be (`naive.rs`),
//! an observer hands the checker what it would see of them (`run.rs`), and what the checker finds must be
//! true in that kernel; and arbitrary nonsense (`nonsense.rs`) must not break it.

mod naive;
mod nonsense;
mod run;

use epshim_check::{Certainty, Rule};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use run::{Run, Step};

fn step() -> impl Strategy<Value = Step> {
    let fd = || 5..12_i32;
    prop_oneof![
        3 => (fd(), 0..4_u8, any::<bool>()).prop_map(|(fd, kind, own)| Step::Add(fd, kind, own)),
        1 => (fd(), 0..4_u8, any::<bool>()).prop_map(|(fd, kind, own)| Step::Mod(fd, kind, own)),
        1 => fd().prop_map(Step::Del),
        2 => fd().prop_map(Step::Close),
        1 => (fd(), fd()).prop_map(|(from, to)| Step::Dup(from, to)),
        1 => fd().prop_map(Step::Hold),
        1 => fd().prop_map(Step::LetGo),
        4 => fd().prop_map(Step::Arrive),
        2 => fd().prop_map(Step::Drain),
        2 => fd().prop_map(Step::ReadPart),
        5 => Just(Step::Wait),
    ]
}

/// Single steps, and now and then some that belong together.
fn program() -> impl Strategy<Value = Vec<Step>> {
    let fd = || 5..12_i32;
    let serve = |fd| vec![Step::Arrive(fd), Step::Wait, Step::ReadPart(fd), Step::Wait];
    let haunt = |(fd, then)| vec![Step::Hold(fd), Step::Close(fd), then, Step::Wait];
    let steps = prop_oneof![
        20 => step().prop_map(|step| vec![step]),
        3 => fd().prop_map(serve),
        1 => (fd(), step()).prop_map(haunt),
    ];
    prop::collection::vec(steps, 1..80).prop_map(|steps| steps.concat())
}

/// Otherwise the properties say nothing.
#[test]
fn the_programs_do_what_the_properties_are_about() {
    let mut runner = TestRunner::deterministic();
    let (mut ghosts, mut stranded, mut fired, mut failed, mut stale) = (0, 0, 0, 0, 0);
    for _ in 0..200 {
        let steps = program().new_tree(&mut runner).expect("a program").current();
        let run = Run::of(&steps, false);
        ghosts += run.ghosts.len();
        stranded += run.stranded.len();
        fired += run.sites(Rule::OneshotNotRearmed, Certainty::Note).len();
        failed += run.failed.len();
        stale += Run::of(&steps, true).stale.len();
    }
    let all = [ghosts, stranded, fired, failed, stale];
    assert!(all.iter().all(|&times| times >= 10), "{all:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    /// Soundness and completeness of `ghost`: it is reported if and only if the kernel delivered an
    /// event of a registration whose number was closed, and is still there when it is looked at.
    #[test]
    fn a_ghost_is_reported_if_and_only_if_one_delivered(steps in program()) {
        let run = Run::of(&steps, false);
        let certain = run.sites(Rule::Ghost, Certainty::Certain);
        prop_assert_eq!(certain, run.ghosts, "{:?}", run.findings);
    }

    /// `edge-not-drained` likewise: input left after a partial read while the program waits.
    #[test]
    fn stranded_input_is_reported_if_and_only_if_it_is_stranded(steps in program()) {
        let run = Run::of(&steps, false);
        let mut found = run.sites(Rule::EdgeNotDrained, Certainty::Note);
        // A file that was put back under its number and modified: who registered it is not named.
        let is_unnamed = found.remove(&0);
        if is_unnamed {
            prop_assert!(!run.may_be_stranded.is_empty(), "{:?}", run.findings);
        }
        prop_assert!(is_unnamed || run.stranded.is_subset(&found), "{:?} {:?}", run.stranded, run.findings);
        prop_assert!(found.is_subset(&run.may_be_stranded), "{:?}", run.findings);
    }

    /// No rule speaks but those for which the kernel gave a reason, and each failure is reported
    /// that was not the first half of a known pair.
    #[test]
    fn no_other_rule_speaks(steps in program()) {
        let run = Run::of(&steps, false);
        prop_assert_eq!(run.failures(), run.failed.clone(), "{:?}", run.findings);
        let mut fired = run.sites(Rule::OneshotNotRearmed, Certainty::Note);
        // A file that was put back under its number and modified: who registered it is not named.
        if fired.remove(&0) {
            prop_assert!(!run.may_be_fired.is_empty(), "{:?}", run.findings);
        }
        prop_assert!(fired.is_subset(&run.may_be_fired), "{:?}", run.findings);
        for finding in &run.findings {
            let may = [Rule::Ghost, Rule::EdgeNotDrained, Rule::OneshotNotRearmed, Rule::CtlError];
            prop_assert!(may.contains(&finding.rule), "{finding:?}");
        }
    }

    /// What is known of the interest list is right.
    #[test]
    fn registrations_are_counted_as_the_kernel_counts_them(steps in program()) {
        let run = Run::of(&steps, false);
        prop_assert!(run.known >= run.live, "{} of {}", run.known, run.live);
        prop_assert!(run.known <= run.live + run.closed, "{} of {}", run.known, run.live);
        prop_assert_eq!(run.unknown, 0);
    }

    /// Where several registrations have the same data nothing certain is said of the wrong one.
    #[test]
    fn ambiguous_data_says_nothing_certain_of_the_wrong_descriptor(steps in program()) {
        let run = Run::of(&steps, true);
        let mut certain = run.sites(Rule::Ghost, Certainty::Certain);
        // Where the model cannot tell which call registered it, the finding names none.
        if certain.remove(&0) {
            prop_assert!(!run.stale.is_empty(), "{:?}", run.findings);
        }
        prop_assert!(certain.is_subset(&run.stale), "{certain:?} {:?}", run.stale);
        let mut stranded = run.sites(Rule::EdgeNotDrained, Certainty::Note);
        stranded.remove(&0);
        prop_assert!(stranded.is_subset(&run.may_be_stranded), "{:?}", run.findings);
    }
}
