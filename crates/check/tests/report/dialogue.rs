//! Questions to `epshim symbolize`, and its answers.

use crate::sample::{frame, symbol};
use epshim_check::report::Frame;
use epshim_check::report::dialogue::{answers, questions};
use proptest::prelude::*;

/// Two frames that are asked about, and two in no module that a line can name.
fn frames() -> Vec<Frame> {
    vec![
        frame("", 0x1000, vec![]),
        frame("/bin/a b\tc", 0x41d2, vec![]),
        frame("/bin/a\nb", 0x41d2, vec![]),
        frame("/lib/libpool.so", 0x10, vec![]),
    ]
}

fn answered(text: &str) -> (bool, [Vec<epshim_check::report::Symbol>; 2]) {
    let mut frames = frames();
    let complete = answers(text, &mut frames);
    assert!(frames[0].symbols.is_empty() && frames[2].symbols.is_empty());
    (complete, [std::mem::take(&mut frames[1].symbols), std::mem::take(&mut frames[3].symbols)])
}

#[test]
fn each_frame_in_a_module_is_a_line() {
    assert_eq!(questions(&frames()), "/bin/a b\tc\t0x41d2\n/lib/libpool.so\t0x10\n");
    assert_eq!(questions(&frames()[..1]), "");
}

#[test]
fn inlined_functions_come_before_what_they_are_inlined_into() {
    let (complete, [first, second]) =
        answered("read_all\t/src/a.c:41\non_readable\t/src/a.c:90\n\nmain\t??\n\n");
    let file = Some("/src/a.c");
    assert!(complete);
    assert_eq!(first, [symbol("read_all", file, Some(41)), symbol("on_readable", file, Some(90))]);
    assert_eq!(second, [symbol("main", None, None)]);
}

#[test]
fn what_is_not_known_is_left_out() {
    let (complete, [first, second]) = answered("??\t??:0\n\n??\tc:d.c:?\nf\ta:b.c\ng\tx.c:0\n\n");
    assert!(complete);
    assert_eq!(first, []);
    let (colon, other) = (Some("c:d.c"), Some("a:b.c"));
    assert_eq!(
        second,
        [symbol("??", colon, None), symbol("f", other, None), symbol("g", Some("x.c"), None)]
    );
}

#[test]
fn answers_that_are_cut_off_count_as_far_as_they_are_whole() {
    let (complete, [first, second]) = answered("f\ta.c:1\n\ng\tb.c:2\n");
    assert!(!complete);
    assert_eq!((first.len(), second.len()), (1, 0));
    assert!(!answered("f\ta.c:1").0);
    assert!(!answered("").0);
}

proptest! {
    #[test]
    fn no_answer_is_too_strange(text in "(\\PC|[\t\n:?0-9])*") {
        answered(&text);
    }
}
