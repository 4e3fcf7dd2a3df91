//! JUnit's XML, as test reports of CI services read it: a suite for the run, a failed test for each finding.
//! A run without findings has one test, which passed; one that has not ended has one with an error.

use crate::paths::relative;
use crate::run::{Run, message, place};
use epshim_report::read::{Finding, Frame};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

/// The document.
#[must_use]
pub fn document(run: &Run) -> String {
    let mut suite = TestSuite::new(format!("epshim check {}", run.name()));
    for finding in &run.findings {
        suite.add_test_case(failed(run, finding));
    }
    if !run.has_ended() {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message("the end of the run was not written (yet)").set_type("epshim");
        suite.add_test_case(of_run(run, "the run", status));
    } else if run.findings.is_empty() {
        suite.add_test_case(of_run(run, "nothing was found", TestCaseStatus::success()));
    }
    let mut report = Report::new("epshim");
    report.add_test_suite(suite);
    report.to_string().unwrap_or_default() + "\n"
}

fn of_run(run: &Run, name: &str, status: TestCaseStatus) -> TestCase {
    let mut test = TestCase::new(name, status);
    test.set_classname(format!("epshim.{}", run.name()));
    test
}

fn failed(run: &Run, finding: &Finding) -> TestCase {
    let source = place(finding);
    let file = source.and_then(|frame| frame.file.as_deref());
    let shown = |file: &str| relative(file, &run.root).unwrap_or_else(|| file.to_owned());
    let place = match (file, source.and_then(|frame| frame.line)) {
        (Some(file), Some(line)) => format!(" {}:{line}", shown(file)),
        (Some(file), None) => format!(" {}", shown(file)),
        (None, _) => String::new(),
    };
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_message(finding.what.clone()).set_type(finding.rule.clone());
    status.set_description(description(finding));
    let mut test = of_run(run, &format!("{}{place}", finding.rule), status);
    if let Some(file) = file {
        test.extra.insert("file".into(), shown(file).into());
    }
    if let Some(line) = source.and_then(|frame| frame.line) {
        test.extra.insert("line".into(), line.to_string().into());
    }
    test
}

fn description(finding: &Finding) -> String {
    let mut text = format!("{}: {}\n", finding.certainty, message(finding));
    for site in &finding.sites {
        text += &format!("{}:\n", site.role);
        for (number, frame) in site.frames.iter().enumerate() {
            text += &format!("  #{number} {}\n", line(frame));
        }
    }
    text + &format!("suppress: {}", finding.suppression)
}

fn line(frame: &Frame) -> String {
    let module = frame.module.as_deref().unwrap_or("");
    let number = frame.line.map(|line| format!(":{line}")).unwrap_or_default();
    let file = frame.file.as_deref().map(|file| format!("{file}{number} ")).unwrap_or_default();
    let function = frame.function.as_deref().map(|name| format!("{name} ")).unwrap_or_default();
    format!("{function}{file}({module}+{:#x})", frame.offset)
}
