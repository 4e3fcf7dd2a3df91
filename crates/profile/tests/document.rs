//! The document, and the sample that pages are built on.

use epshim_profile::{KIND, Profile, SCHEMA};
use serde_json::Value;

const SAMPLE: &str = include_str!("sample.json");

fn sample() -> Profile {
    serde_json::from_str(SAMPLE).expect("a profile")
}

#[test]
fn the_sample_is_a_profile_with_each_field_and_no_other() {
    let written = serde_json::to_value(sample()).expect("JSON");
    let read: Value = serde_json::from_str(SAMPLE).expect("JSON");
    assert_eq!(written, read);
    assert_eq!((sample().schema, sample().kind.as_str()), (SCHEMA, KIND));
}

#[test]
fn its_numbers_agree_with_each_other() {
    let profile = sample();
    for (thread, lane) in profile.threads.iter().zip(&profile.timeline.lanes) {
        assert_eq!(thread.busy + thread.waiting + thread.spinning, thread.to - thread.from);
        assert_eq!(lane.busy.iter().sum::<u64>(), thread.busy);
        assert_eq!(lane.turns.iter().sum::<u64>(), thread.turns);
        assert_eq!(lane.bytes_in.iter().sum::<u64>(), thread.bytes_in);
        assert_eq!(lane.busy.len(), profile.timeline.columns);
    }
    let of_threads: u64 = profile.threads.iter().map(|thread| thread.bytes_out).sum();
    let of_descriptors: u64 = profile.descriptors.iter().map(|one| one.bytes_out).sum();
    assert_eq!(profile.figures.bytes_out.whole(), Some(of_threads));
    assert_eq!(of_descriptors, of_threads);
    assert!(profile.slow_turns.is_sorted_by_key(|turn| std::cmp::Reverse(turn.length)));
}

#[test]
fn each_figure_has_a_name_a_sentence_and_a_kind() {
    let profile = sample();
    let written = serde_json::to_value(&profile.figures).expect("JSON");
    for (name, sentence, figure) in profile.figures.each() {
        assert!(sentence.ends_with('.'), "{name}: {sentence}");
        assert_eq!(written[name]["kind"], serde_json::to_value(figure.kind).expect("JSON"));
    }
}
