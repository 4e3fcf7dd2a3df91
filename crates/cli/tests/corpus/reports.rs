//! Public reports that nobody had seen when the rules were written, rebuilt: how many are named rightly is what the
//! rules are worth. Those that are missed are listed, and stay until a rule finds them.

use crate::schema::Schema;
use crate::{FOUND, at_a_time, check, each, judge, judge_report, judged, turn};
use epshim_harness::cargo;
use epshim_harness::misuse::{Variant, reports};
use std::fs;

/// Those that no rule finds; docs/calibration.md says of each what would.
const MISSED: [&str; 13] = [
    "reports/cio_cancelled",
    "reports/containerd_console",
    "reports/fstack_close",
    "reports/handy_else_if",
    "reports/hyprland_hyprctl",
    "reports/libevent_killed",
    "reports/netty_quantum",
    "reports/netty_sendfile",
    "reports/odyssey_no_timer",
    "reports/openperf_stopped",
    "reports/opensmalltalk_display",
    "reports/sid_worker_mask",
    "reports/systemd_worker",
];

fn misuses(all: &[Variant]) -> impl Iterator<Item = &Variant> {
    all.iter().filter(|program| !program.is_right())
}

#[test]
fn every_report_is_named_by_its_rule_or_listed_as_missed_and_no_twin_is_accused() {
    let _turn = turn();
    let schema = Schema::read();
    let all = reports();
    let missed: Vec<_> =
        misuses(&all).filter(|one| one.expects.is_empty()).map(|one| one.name.as_str()).collect();
    assert_eq!(missed, MISSED);

    let built = each(all, at_a_time(), |program| (program.build("", &[]), program));
    let failures = each(built, at_a_time(), |(path, program)| {
        // Of some the finding is another process's: its end is in the text too, and the first ends as always.
        let is_of_one = program.values("exits").is_empty();
        let code = if is_of_one && !program.expects.is_empty() { FOUND } else { 0 };
        let run = || check(&path, &["--notes", "--error-exitcode", &FOUND.to_string()]);
        let verdict = |outcome: &_| {
            judge(&program, outcome, code)?;
            if is_of_one { judge_report(outcome, &schema) } else { Ok(()) }
        };
        judged(&program, run, verdict).err().map(|why| format!("{}: {why}", program.name))
    });
    let failures: Vec<_> = failures.into_iter().flatten().collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn each_report_has_its_row_in_the_table() {
    let page = fs::read_to_string(cargo::root().join("docs/calibration.md")).unwrap();
    for program in misuses(&reports()) {
        let &[link] = program.values("after").as_slice() else {
            panic!("{}: of one report", program.name)
        };
        let row =
            page.lines().find(|line| line.starts_with('|') && line.contains(&format!("({link})")));
        let row = row.unwrap_or_else(|| panic!("docs/calibration.md has no row for {link}"));
        let named = |rule: &String| row.contains(&format!("named by `{rule}`"));
        assert!(program.expects.iter().all(named), "{row}");
        assert!(!program.expects.is_empty() || row.contains("missed"), "{row}");
    }
}
