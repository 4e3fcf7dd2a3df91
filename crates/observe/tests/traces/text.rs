//! The language of traces.

use super::any::observation;
use epshim_observe::text::{Lines, parse};
use epshim_observe::{Ended, Observation, Site, What};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn every_observation_comes_back_from_its_line(observation in observation()) {
        let line = observation.to_string();
        prop_assert!(!line.contains('\n'), "{line}");
        prop_assert_eq!(Lines::default().read(&line), Ok(Some(observation)), "{}", line);
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = parse(&text);
    }

    /// Lines that are nearly right: words of the language in any order.
    #[test]
    fn any_words_of_the_language_are_read_or_refused(
        words in prop::collection::vec("(1ms|t1|p2|add|got|kernel|fdinfo|open|5|5:|-1|5 IN,|at=|@|@5|data=|\\\\4|0x|1/|E|end|read|at)", 0..8)
    ) {
        let _ = parse(&words.join(" "));
    }
}

#[test]
fn what_a_line_leaves_out_the_line_before_says() {
    let trace = parse("2ms t1 read 5 3/8\n# nothing here\n\nread 6 EAGAIN @7").expect("a trace");
    let read = |tid, site, fd, ended| Observation {
        at: 2_000_000,
        pid: 0,
        tid,
        site: Site(site),
        what: What::Read { fd, ended },
    };
    let moved = Ended::Moved { bytes: 3, asked: 8 };
    assert_eq!(trace, [read(1, 1, 5, moved), read(0, 7, 6, Ended::Failed(11))]);
}

#[test]
fn a_line_that_is_not_understood_is_named_with_the_reason() {
    let refused = |trace: &str| parse(trace).expect_err("not understood").to_string();
    assert_eq!(refused("end\nad 3 5 IN"), "line 2: \"ad\" is no call");
    assert_eq!(refused("read 5"), "line 1: something is missing at its end");
    assert_eq!(refused("read 5 3/8 7"), "line 1: \"7\" is one word too many");
    assert_eq!(refused("got 5:INN"), "line 1: \"INN\" are no events");
    assert_eq!(
        refused("99999999999999999999s end"),
        "line 1: \"99999999999999999999s\" is no call"
    );
}
