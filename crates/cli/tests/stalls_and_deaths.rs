//! What programs of the corpus cannot show: `sigpipe` where the write really ends the program, the option of
//! `loop-stall`, and loops that stand still when a signal ends the program, or for longer than the observer waits for
//! the thread to report it.

mod command;

use command::{json, watching};
use epshim_harness::c_compiler::{compile, compile_text};
use epshim_harness::misuse::programs;
use epshim_harness::products::folder;
use serde_json::Value;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::LazyLock;

const SERVER: &str = "#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
static long answer(int fd)
{
    return write(fd, \"answer\", 6);
}
int main(void)
{
    int ends[2], epfd = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    epoll_ctl(epfd, EPOLL_CTL_ADD, ends[0], &event);
    close(ends[1]);
    epoll_wait(epfd, &event, 1, -1);
    return (int)answer(ends[0]);
}
";

#[test]
fn a_write_that_ends_the_program_is_reported_with_its_call_site_before() {
    let program = compile_text(&folder("sigpipe-death"), "server", SERVER, &["-g"]);
    let output = watching(&["check"]).arg("--").arg(program).output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.signal(), Some(13), "{text}");
    assert!(text.contains("sigpipe") && text.contains("certain"), "{text}");
    assert!(text.contains("answer"), "{text}");
    assert!(text.contains("SIGPIPE"), "{text}");
}

#[test]
fn a_loop_that_stands_still_is_not_looked_for_where_that_is_off_or_long() {
    let all = programs();
    let sleeps = all.iter().find(|one| one.name == "loop-stall/sleeps").expect("it is there");
    let program = sleeps.build("", &[]);
    for stall in ["stall=off", "stall=5s"] {
        let mut command = watching(&["check", "--error-exitcode", "9"]);
        let output = command.env("EPSHIM_OPTIONS", stall).arg("--").arg(&program).output();
        let output = output.expect("it runs");
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{stall}: {text}");
    }
}

const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;

/// Seconds after which a program is ended: many looks of the observer's, on a busy machine too.
const A_WHILE: &str = "6";

static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    compile(env!("CARGO_MANIFEST_DIR"), &["tests/stands_still.c"], "stands-still", &["-O0"])
});

/// Runs it, to stand still in this way until this signal ends it.
fn stand_still(options: &[&str], how: &str, signal: i32) -> Output {
    let mut command = watching(&["check"]);
    command.args(options).arg("--").arg(&*PROGRAM).args([how, &signal.to_string(), A_WHILE]);
    command.output().expect("it runs")
}

fn lines(file: &Path, kind: &str) -> Vec<Value> {
    let text = fs::read_to_string(file).expect("it was asked for");
    text.lines().map(json).filter(|line| line["kind"] == kind).collect()
}

/// How often a text has a part.
fn count(text: &str, part: &str) -> usize {
    text.matches(part).count()
}

#[test]
fn a_loop_that_stands_still_when_a_signal_ends_the_program_is_reported_before_its_end() {
    let folder = folder("stands-still-killed");
    let all =
        [("lock", SIGTERM, "handle"), ("lock", SIGKILL, "handle"), ("sleep", SIGTERM, "doze")];
    for (how, signal, function) in all {
        let file = folder.join(format!("{how}-{signal}.json"));
        let file_text = file.to_str().expect("UTF-8");
        let output = stand_still(&["--json", file_text, "--error-exitcode", "9"], how, signal);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.signal(), Some(signal), "{text}");
        assert_eq!(count(&text, "WARNING: epshim: loop-stall"), 1, "{text}");
        assert!(text.contains(&format!("#0 {function} ")), "{text}");
        let (report, end) = text.split_once(" epshim: 1 finding in ").expect(&text);
        assert!(report.contains("SUMMARY: epshim: loop-stall"), "{text}");
        assert!(end.contains("loop-stall: 1 finding, seen 1 time [suspected]"), "{text}");
        assert!(end.contains("SUMMARY: epshim: loop-stall"), "{text}");

        let [finding] = &lines(&file, "finding")[..] else { panic!("{text}") };
        assert_eq!(finding["rule"], "loop-stall", "{finding}");
        assert!(finding["what"].as_str().expect("text").contains("was asleep in "), "{finding}");
        assert_eq!(finding["blame"]["function"], function, "{finding}");
        let summary = &lines(&file, "summary")[0];
        assert_eq!((&summary["findings"], &summary["occurrences"]), (&1.into(), &1.into()));
    }
}

#[test]
fn a_thread_that_computes_for_ever_is_named_by_the_wait_before() {
    let output = stand_still(&[], "compute", SIGTERM);
    let text = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(77) {
        println!("skipped: only root may have a processor on a busy machine");
        return;
    }
    assert_eq!(count(&text, "WARNING: epshim: loop-stall"), 1, "{text}");
    assert!(text.contains("its thread computed"), "{text}");
    assert!(text.contains("waiting in") && text.contains("#0 go_round "), "{text}");
}

#[test]
fn a_program_that_has_left_its_loop_may_sleep_and_be_killed() {
    for signal in [SIGTERM, SIGKILL] {
        let output = stand_still(&[], "left", signal);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains(" epshim: 0 findings in "), "{text}");
    }
}

#[test]
fn what_the_observer_reports_may_be_suppressed_and_that_is_counted() {
    let file = folder("stands-still-suppressed").join("suppressions");
    fs::write(&file, "loop-stall:handle\n").expect("it is ours");
    let path = file.to_str().expect("UTF-8");
    let output = stand_still(&["--suppressions", path], "lock", SIGTERM);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains(" epshim: 0 findings in "), "{text}");
    assert!(text.contains("suppressed by loop-stall:handle: 1 finding, seen 1 time"), "{text}");
    assert_eq!(count(&text, "WARNING"), 0, "{text}");
}

#[test]
fn the_documents_have_what_the_observer_reports() {
    let folder = folder("stands-still-documents");
    let (sarif, junit) = (folder.join("report.sarif"), folder.join("report.xml"));
    let format = |form: &str, path: &Path| format!("{form}={}", path.display());
    let formats = [format("sarif", &sarif), format("junit", &junit)];
    let output = stand_still(&["--format", &formats[0], "--format", &formats[1]], "lock", SIGKILL);
    let text = String::from_utf8_lossy(&output.stderr);
    let document = json(&fs::read_to_string(sarif).expect(&text));
    let results = document["runs"][0]["results"].as_array().expect("a list");
    assert_eq!(results.len(), 1, "{document}");
    assert_eq!(results[0]["ruleId"], "loop-stall", "{document}");
    let document = fs::read_to_string(junit).expect(&text);
    assert!(document.contains("loop-stall") && document.contains("handle"), "{document}");
}

#[test]
fn a_stall_that_the_observer_has_reported_is_the_threads_no_more() {
    let file = folder("stands-still-long").join("report.json");
    let path = file.to_str().expect("UTF-8");
    let output = stand_still(&["--json", path, "--error-exitcode", "9"], "long", 0);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(9), "{text}");
    assert_eq!(count(&text, "WARNING: epshim: loop-stall"), 1, "{text}");
    assert!(text.contains("goes on to: its thread is asleep in"), "{text}");
    assert!(text.contains("loop-stall: 1 finding, seen 1 time [suspected]"), "{text}");
    assert_eq!(lines(&file, "finding").len(), 1, "{text}");
    assert_eq!(lines(&file, "summary")[0]["findings"], 1, "{text}");
}
