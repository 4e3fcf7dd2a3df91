//! JUnit, read by the crate junit-parser.

use crate::sample::{PID, run, summary, whole};
use epshim_formats::{Run, junit};
use junit_parser::{TestStatus, TestSuite};

fn suite(run: &Run) -> TestSuite {
    let text = junit::document(run);
    let mut read = junit_parser::from_reader(text.as_bytes()).expect("JUnit");
    assert_eq!(read.suites.len(), 1, "{text}");
    read.suites.remove(0)
}

#[test]
fn each_finding_is_a_failed_test_with_its_place() {
    let suite = suite(&whole());
    assert_eq!((suite.tests, suite.failures, suite.errors), (3, 3, 0));
    assert_eq!(suite.name, "epshim check server");
    let names: Vec<_> = suite.cases.iter().map(|case| case.original_name.as_str()).collect();
    assert_eq!(names, ["level-spin src/a b.c:25", "ghost", "ctl-error /usr/src/lib.c:7"]);
    assert!(suite.cases.iter().all(|case| case.classname.as_deref() == Some("epshim.server")));
    let TestStatus::Failure(failure) = &suite.cases[0].status else { panic!("{suite:?}") };
    assert_eq!(failure.failure_type, "level-spin");
    // No control character is allowed in XML; all else arrives.
    assert!(failure.message.contains("100% <wrong>, \"so\": fd 9 & more"), "{failure:?}");
    assert!(failure.text.contains("suppress: level-spin:on_read"), "{failure:?}");
}

#[test]
fn a_clean_run_is_one_test_that_passed_and_a_cut_one_is_an_error() {
    let clean = suite(&run(&[summary(PID)]));
    assert_eq!((clean.tests, clean.failures, clean.errors), (1, 0, 0));
    let cut = suite(&run(&[]));
    assert_eq!((cut.tests, cut.failures, cut.errors), (1, 0, 1));
}
