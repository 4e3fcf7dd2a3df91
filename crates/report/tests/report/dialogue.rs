//! Questions to `epshim symbolize`, and its answers.

use crate::sample::{frame, symbol};
use epshim_report::dialogue::{Program, answers, questions};
use epshim_report::{Frame, Interpreted};
use proptest::prelude::*;
use std::time::Duration;

const PROGRAM: Program<'_> =
    Program { pid: 4711, since: Duration::from_nanos(1_500_000_000), folder: Some("/srv") };

/// One in no module, two in modules, and one whose module no line can name.
fn frames() -> Vec<Frame> {
    vec![
        frame("", 0x1000, vec![]),
        frame("/bin/a b\tc", 0x41d2, vec![]),
        frame("/bin/a\nb", 0x41d2, vec![]),
        frame("/lib/libpool.so", 0x10, vec![]),
    ]
}

fn answered(text: &str) -> (bool, [Vec<epshim_report::Symbol>; 2]) {
    let mut frames = frames();
    let complete = answers(&format!("??\t??\n\n{text}"), &mut frames);
    assert!(frames[0].symbols.is_empty() && frames[2].symbols.is_empty());
    (complete, [std::mem::take(&mut frames[1].symbols), std::mem::take(&mut frames[3].symbols)])
}

#[test]
fn each_frame_in_a_module_is_a_line() {
    let asked = questions(&frames()[1..], PROGRAM);
    assert_eq!(asked, "/bin/a b\tc\t0x41d2\n/lib/libpool.so\t0x10\n");
    assert_eq!(questions(&frames()[2..3], PROGRAM), "");
}

#[test]
fn an_address_in_no_module_is_asked_of_the_compilers_list() {
    assert_eq!(questions(&frames()[..1], PROGRAM), "/tmp/perf-4711.map\t0x1000\n");
}

#[test]
fn of_a_line_of_an_interpreted_program_the_source_is_asked() {
    let interpreted = Some(Interpreted { language: "Python", is_users: true });
    let line =
        |file, line| Frame { interpreted, ..frame("", 0, vec![symbol("serve", Some(file), line)]) };
    let mut frames = [
        line("/srv/app.py", Some(12)),
        line("app.py", Some(3)),
        line("<string>", Some(1)),
        line("/srv/app.py", None),
    ];
    let asked = questions(&frames, PROGRAM);
    assert_eq!(asked, "/srv/app.py\t12\t1500000000\n/srv/app.py\t3\t1500000000\n");
    assert!(answers("??\t/srv/app.py:12\tx = 1\n\n??\t??\n\n", &mut frames));
    let known = &frames[0].symbols[0];
    assert_eq!((known.function.as_str(), known.line), ("serve", Some(12)));
    assert_eq!(known.source.as_deref(), Some("x = 1"));
    assert_eq!(frames[1].symbols, [symbol("serve", Some("app.py"), Some(3))]);
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
fn the_line_of_the_source_is_a_third_field() {
    let (complete, [first, _]) = answered("f\ta.c:41\tx = \"a\tb:c\";\ng\ta.c:2\t\n\nmain\t??\n\n");
    assert!(complete);
    assert_eq!(first[0].source.as_deref(), Some("x = \"a\tb:c\";"));
    assert_eq!((first[0].line, first[1].source.as_deref()), (Some(41), None));
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
